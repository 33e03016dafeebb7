# Standard input is a line each of random digits, the time, the user, and the old and
# the new login key.
IFS= read -r seed
IFS= read -r time
IFS= read -r user
IFS= read -r old
IFS= read -r new
reseed "$seed"
set_clock "$time"
replace_key "$user" "$old" "$new"
new_id
restart
