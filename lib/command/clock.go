package command

import (
	"os"
	"strconv"
	"time"

	"github.com/stratuslab/stratus/lib/report"
)

// Now returns the time to write into products, in UTC to the second. The variable
// SOURCE_DATE_EPOCH (seconds since 1970, reproducible-builds.org) sets it.
func Now() (time.Time, error) {
	value, ok := os.LookupEnv("SOURCE_DATE_EPOCH")
	if !ok || value == "" {
		return time.Now().UTC().Truncate(time.Second), nil
	}
	seconds, err := strconv.ParseInt(value, 10, 64)
	if err != nil || seconds < 0 || seconds > 253402300799 { // the end of the year 9999
		return time.Time{}, report.Usagef("reading SOURCE_DATE_EPOCH=%q: not a valid number of seconds since 1970", value)
	}
	return time.Unix(seconds, 0).UTC(), nil
}
