//go:build !race

package peers

// RaceDetector reports whether the test runs with it, which takes more time and
// memory than anything that is measured.
const RaceDetector = false
