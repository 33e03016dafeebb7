//go:build race

package digest

// Under the race detector memory means nothing.
const raceDetector = true
