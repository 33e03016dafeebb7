# Standard input is a line each of the time in seconds with a fraction since 1970, the
# same as 14 digits, random digits, the user, and the old and the new login key.
read -r time digits
set_clock "$time"
IFS= read -r seed
reseed "$seed"
IFS= read -r user
IFS= read -r old
IFS= read -r new
start_jobs "$digits" &
jobs=$!
replace_key "$user" "$old" "$new"
new_id
restart_services
wait $jobs
