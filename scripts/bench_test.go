package scripts_test

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stratuslab/stratus/lib/peers"
)

// startRounds is how often each command is run.
const startRounds = 20

// BenchmarkPrograms measures what our own processes take: time and memory to start,
// to sign and to verify. All commands are run in each of several rounds, so that the
// load of the machine hits all alike.
//
//	go test -run '^$' -bench Programs -benchtime 1x ./scripts
func BenchmarkPrograms(b *testing.B) {
	peers.Need(b, "openssl", "make")
	if out, err := exec.CommandContext(b.Context(), "make", "-C", "..", "build").CombinedOutput(); err != nil {
		b.Fatalf("%v: %s", err, out)
	}
	commands := benchCommands(b)
	for b.Loop() {
		times, most := make([][]time.Duration, len(commands)), make([]int64, len(commands))
		for range startRounds {
			for i, argv := range commands {
				took, memory := runProgram(b, argv)
				times[i], most[i] = append(times[i], took), max(most[i], memory)
			}
		}
		load, err := os.ReadFile("/proc/loadavg")
		if err != nil {
			b.Fatal(err)
		}
		fmt.Printf("\nload %smedians of %d rounds; goals: 20 ms, 64 MiB\n", load, startRounds)
		for i, argv := range commands {
			slices.Sort(times[i])
			name := filepath.Base(argv[0]) + " " + strings.Join(argv[1:min(2, len(argv))], " ")
			fmt.Printf("%-40s %6.1f ms, at best %6.1f ms %6.1f MiB\n", name,
				times[i][startRounds/2].Seconds()*1000, times[i][0].Seconds()*1000, float64(most[i])/(1<<20))
		}
	}
}

// benchCommands returns the commands, with a certificate, an image, its description
// and a signed one in a directory of their own.
func benchCommands(b *testing.B) [][]string {
	b.Helper()
	dir := b.TempDir()
	b.Setenv("HOME", dir)
	bin, err := filepath.Abs("../bin")
	if err != nil {
		b.Fatal(err)
	}
	tool := func(name string, arguments ...string) []string {
		return append([]string{filepath.Join(bin, "stratus-"+name)}, arguments...)
	}
	certificate, key := filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem")
	openssl := []string{
		"openssl", "req", "-x509", "-newkey", "rsa:3072", "-nodes", "-days", "90", "-subj", "/CN=Jane",
		"-out", certificate, "-keyout", key,
	}
	runProgram(b, openssl)
	image, draft, signed := filepath.Join(dir, "a.raw"), filepath.Join(dir, "draft.xml"), filepath.Join(dir, "signed.xml")
	if err := os.WriteFile(image, make([]byte, 1<<20), 0o600); err != nil {
		b.Fatal(err)
	}
	runProgram(b, tool("build-metadata", "--os", "debian", "--location", "http://example.org/a.raw", "-o", draft, image))
	sign := tool("sign-metadata", "--pem-cert", certificate, "--pem-key", key, "--email", "jane@example.org", draft)
	runProgram(b, slices.Insert(slices.Clone(sign), len(sign)-1, "-o", signed))
	return [][]string{
		tool("create-image", "--version"), tool("build-metadata", "--version"), tool("sign-metadata", "--version"),
		tool("upload-metadata", "--version"), tool("create-image", "--help"), sign,
		tool("sign-metadata", "--verify", "--trust", certificate, signed),
	}
}

// runProgram runs a command, and returns how long it took and how much memory it had
// at most, in bytes.
func runProgram(b *testing.B, argv []string) (took time.Duration, memory int64) {
	b.Helper()
	var says bytes.Buffer
	cmd := exec.CommandContext(b.Context(), argv[0], argv[1:]...)
	cmd.Stderr = &says
	start := time.Now()
	if err := cmd.Run(); err != nil {
		b.Fatalf("%q: %v: %s", argv, err, says.Bytes())
	}
	took = time.Since(start)
	usage, ok := cmd.ProcessState.SysUsage().(*syscall.Rusage)
	if !ok {
		b.Fatal("the system does not say how much memory a process had")
	}
	return took, usage.Maxrss << 10
}
