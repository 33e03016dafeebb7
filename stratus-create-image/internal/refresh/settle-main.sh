# Prints why the guest cannot be kept, or nothing. Standard input is a line of random
# digits.
IFS= read -r seed
reason=$(reseed "$seed" 2>&1) || { echo "$reason"; exit; }
reason=$(stale) || { printf '%s\n' "$reason" | tail -n 1; exit; }
if [ ! -d $kept ]; then mkdir $kept; fi
printf '%s\n' "$reason" >$kept/stale
own_id >$kept/id.new
mv $kept/id.new $kept/id
stop_jobs >$kept/jobs
sync
echo 3 >/proc/sys/vm/drop_caches
