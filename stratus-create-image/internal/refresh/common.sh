# What both scripts begin with. Programs beyond a shell and the usual file utilities
# may be missing; functions then fail, or do nothing where they say so.
set -eu
LC_ALL=C
export LC_ALL
run=/run
if [ ! -d $run ]; then run=/var/run; fi
kept=$run/stratus-refresh # a directory: what Settle leaves for Refresh

# reseed mixes $1 into the kernel's random numbers, counted as 4 bits for each
# character, and makes the kernel draw a new key from them at once. Without the
# second, two guests that are resumed from one snapshot go on with the same numbers.
# The requests are RNDADDENTROPY and RNDRESEEDCRNG of random(4).
reseed() {
    if command -v perl >/dev/null; then
        printf %s "$1" | perl -e '
            open(my $random, "+<", "/dev/urandom") or die "/dev/urandom: $!\n";
            my $seed = <STDIN>;
            my $pool = pack("ii", 4 * length($seed), length($seed)) . $seed;
            ioctl($random, 0x40085203, $pool) or die "RNDADDENTROPY: $!\n";
            ioctl($random, 0x5207, 0) or die "RNDRESEEDCRNG: $!\n";'
        return
    fi
    for python in python3 /usr/libexec/platform-python; do
        if command -v $python >/dev/null; then
            printf %s "$1" | $python -ISc '
import fcntl, os, struct
seed = os.read(0, 4096)
random = os.open("/dev/urandom", os.O_RDWR)
fcntl.ioctl(random, 0x40085203, struct.pack("ii", 4 * len(seed), len(seed)) + seed)
fcntl.ioctl(random, 0x5207)'
            return
        fi
    done
    echo 'neither perl nor python3 is there to reseed its random numbers' >&2
    return 1
}

# by_systemd reports whether systemd runs the services.
by_systemd() { [ -d /run/systemd/system ]; }
