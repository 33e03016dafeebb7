package enginetest

import (
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/stratuslab/stratus/lib/diskimage"
	"github.com/stratuslab/stratus/lib/report"
	"github.com/stratuslab/stratus/stratus-create-image/internal/engine"
)

// spec returns a machine for the fake.
func spec(t *testing.T) *engine.Spec {
	t.Helper()
	base := filepath.Join(t.TempDir(), "base")
	if err := os.WriteFile(base, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	return &engine.Spec{Dir: t.TempDir(), Base: engine.Base{Path: base, Format: diskimage.Raw}, Snapshots: "in memory", Log: quiet{}}
}

// quiet is a log of nothing.
type quiet struct{ report.Log }

func (quiet) Warnf(string, ...any) {}

// TestFake has the fake keep the contract as any engine does.
func TestFake(t *testing.T) {
	f := &Fake{Address: "127.0.0.1:22", Disk: "saved"}
	Run(t, &Subject{
		Engine: f, Spec: spec,
		Login:    func(context.Context, string) error { return nil },
		Poweroff: func(context.Context) error { return nil },
		Settle:   func(context.Context) error { return nil },
		Damage:   func(_ *testing.T, name string) { f.SetNote(name, nil) },
		Left:     func(*testing.T) []string { return f.Left() },
	})
}

// TestFakeFails has each step fail, and be cancelled, and counts what is left when
// the machine has been destroyed.
func TestFakeFails(t *testing.T) {
	for _, at := range Steps {
		for _, want := range []error{ErrFake, errStop} {
			if at == "destroy" && want == errStop {
				continue // its context does not end
			}
			ctx, stop := context.WithCancelCause(t.Context())
			defer stop(nil)
			f := &Fake{At: at, Disk: "saved"}
			if want == errStop {
				f.Stop = func() { stop(errStop) }
			}
			var left []string
			if at == "destroy" {
				left = []string{"port", "disk", "machine"}
			}
			if err := takeSteps(ctx, t, f); !errors.Is(err, want) {
				t.Errorf("%s: the error is %v, want %v", at, err, want)
			}
			if diff := cmp.Diff(left, f.Left()); diff != "" {
				t.Errorf("%s, %v: left (-want +got):\n%s", at, want, diff)
			}
		}
	}
}

// takeSteps takes all steps until one fails, and always the last one.
func takeSteps(ctx context.Context, t *testing.T, f *Fake) (err error) {
	t.Helper()
	if err := f.Check(ctx, nil); err != nil {
		return err
	}
	f.snapshots = map[string][]byte{"one": []byte("note")}
	m, _, err := f.Resume(ctx, spec(t), "one")
	if err != nil {
		return err
	}
	if err := m.Destroy(context.WithoutCancel(ctx)); err != nil {
		return err
	}
	if m, err = f.Start(ctx, spec(t)); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, m.Destroy(context.WithoutCancel(ctx))) }()
	if err := m.Connect(ctx, func(context.Context, string) error { return nil }); err != nil {
		return err
	}
	if _, err := m.(engine.SnapshotMachine).Snapshot(ctx, "two", nil); err != nil {
		return err
	}
	if err := m.Stop(ctx, 0, func(context.Context) error { return nil }); err != nil {
		return err
	}
	out, err := os.Create(filepath.Join(t.TempDir(), "image"))
	if err != nil {
		t.Fatal(err)
	}
	defer out.Close()
	_, err = m.Save(ctx, nil, out, io.Discard)
	return err
}
