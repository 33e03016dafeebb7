//go:build race

package signature

// Under the race detector time and memory mean nothing.
const raceDetector = true
