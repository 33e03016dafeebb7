package remote_test

import (
	"errors"
	"io"
	"os"
	"runtime"
	"testing"
	"time"

	"github.com/stratuslab/stratus/lib/remote"
	"github.com/stratuslab/stratus/lib/remote/sshdtest"
)

func TestLostConnection(t *testing.T) {
	server := sshdtest.Start(t)
	for name, operate := range map[string]func(*remote.SFTP) error{
		"reading": func(s *remote.SFTP) error {
			f, err := s.Open("/dev/zero")
			if err != nil {
				return err
			}
			_, err = io.Copy(io.Discard, f)
			return err
		},
		"writing": func(s *remote.SFTP) error {
			f, err := s.OpenFile("/dev/null", os.O_WRONLY)
			if err != nil {
				return err
			}
			for err == nil {
				_, err = f.Write(make([]byte, 1<<20))
			}
			return err
		},
		"small operations": func(s *remote.SFTP) (err error) {
			for err == nil {
				_, err = s.Lstat("/")
			}
			return err
		},
	} {
		for fault, strike := range map[string]func(){"killed": server.Kill, "frozen": server.Freeze} {
			t.Run(name+" "+fault, func(t *testing.T) {
				o := server.Options()
				o.Idle = 2 * time.Second
				session := dial(t, server, o)
				if _, err := session.Lstat("/"); err != nil {
					t.Fatal(err)
				}
				time.AfterFunc(100*time.Millisecond, strike)
				start := time.Now()
				err := remote.SFTPError(operate(session))
				if !errors.Is(err, remote.ErrUnreachable) {
					t.Errorf("got %v, want ErrUnreachable", err)
				}
				if took := time.Since(start); took > 10*time.Second {
					t.Errorf("it took %s", took)
				}
			})
		}
	}
}

// A session in which nothing is done lives on, and leaves nothing behind.
func TestIdleSession(t *testing.T) {
	server := sshdtest.Start(t)
	before := runtime.NumGoroutine()
	o := server.Options()
	o.Idle = time.Second
	session := dial(t, server, o)
	<-time.After(2 * o.Idle) // that nothing happens has no event
	if _, err := session.Lstat("/"); err != nil {
		t.Errorf("after a pause: %v", err)
	}
	if err := session.Close(); err != nil {
		t.Error(err)
	}
	deadline := time.Now().Add(10 * time.Second)
	for runtime.NumGoroutine() > before && time.Now().Before(deadline) {
		runtime.Gosched() // the server's side ends by itself
	}
	if after := runtime.NumGoroutine(); after > before {
		stacks := make([]byte, 1<<20)
		t.Errorf("%d goroutines before, %d after\n%s", before, after, stacks[:runtime.Stack(stacks, true)])
	}
}
