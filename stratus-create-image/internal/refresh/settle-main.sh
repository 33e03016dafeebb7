# Prints why the guest cannot be kept, or nothing. Standard input is a line of random
# digits.
IFS= read -r seed
why=$(reseed "$seed" 2>&1) || { printf '%s\n' "$why"; exit; }
services=$(stale) || { printf '%s\n' "$services" | tail -n 1; exit; }
if [ ! -d $kept ]; then mkdir -m 700 $kept; fi
printf '%s\n' "$services" >$kept/services
id=$(own_id)
printf '%s\n' "$id" >$kept/id
stop_jobs >$kept/jobs
sync
echo 3 >/proc/sys/vm/drop_caches
