//go:build !race

package peers

// RaceDetector tells whether the test runs with it, which takes more time and
// memory than anything that is measured.
const RaceDetector = false
