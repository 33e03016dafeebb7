package metadata

import (
	"fmt"
	"time"
)

const timeLayout = "2006-01-02T15:04:05Z"

// FormatTime writes a time as image metadata has it, in UTC and to the second:
// 2006-01-02T15:04:05Z.
func FormatTime(t time.Time) string {
	return t.UTC().Format(timeLayout)
}

// ParseTime reads what FormatTime writes, and nothing else.
func ParseTime(s string) (time.Time, error) {
	t, err := time.Parse(timeLayout, s)
	// time.Parse lets pass single digits and fractions of a second.
	if err != nil || FormatTime(t) != s {
		return time.Time{}, fmt.Errorf("time %.80q is not a UTC time such as %q", s, timeLayout)
	}
	return t, nil
}

// DefaultValidity is how long a description is valid where nothing else is
// said. The documentation of StratusLab promises six months.
const DefaultValidity = 180 * 24 * time.Hour
