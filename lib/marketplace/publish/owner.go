package publish

import (
	"errors"
	"os"
	"strconv"
	"strings"
	"syscall"
)

// owner identifies the process that holds a lock.
type owner struct {
	Host string `json:"host"` // name, for messages
	// System is the running kernel and the namespace of PID; empty if not known.
	System  string `json:"system"`
	PID     int    `json:"pid"`
	Started string `json:"started"` // tells processes with the same number apart
}

func self() owner {
	host, err := os.Hostname()
	if err != nil {
		host = "unknown"
	}
	state, started := process(os.Getpid())
	if state == "" {
		started = ""
	}
	return owner{Host: host, System: system(), PID: os.Getpid(), Started: started}
}

// system identifies the running kernel and the namespace of process numbers.
func system() string {
	boot, err := os.ReadFile("/proc/sys/kernel/random/boot_id")
	if err != nil {
		return ""
	}
	space, err := os.Readlink("/proc/self/ns/pid")
	if err != nil {
		return ""
	}
	return strings.TrimSpace(string(boot)) + " " + space
}

// process returns the state of a process in the form of proc(5), and when it
// started; both are empty if that cannot be read.
func process(pid int) (state, started string) {
	b, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
	if err != nil {
		return "", ""
	}
	// The name of the program, in parentheses, can have any characters.
	fields := strings.Fields(string(b[strings.LastIndexByte(string(b), ')')+1:]))
	if len(fields) < 20 {
		return "", ""
	}
	return fields[0], fields[19]
}

// gone reports whether it is certain that the process has ended.
func (o owner) gone() bool {
	if o.System == "" || o.System != system() || o.PID <= 0 {
		return false
	}
	if errors.Is(syscall.Kill(o.PID, 0), syscall.ESRCH) {
		return true
	}
	state, started := process(o.PID)
	if state == "" {
		return false
	}
	return state == "Z" || state == "X" || o.Started != "" && started != o.Started
}
