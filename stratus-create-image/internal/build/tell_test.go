package build

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/stratuslab/stratus/lib/fault"
	"github.com/stratuslab/stratus/stratus-create-image/internal/base"
	"github.com/stratuslab/stratus/stratus-create-image/internal/notify"
)

func TestTell(t *testing.T) {
	image := &notify.Image{Path: "/images/web.qcow2", Identifier: "Avux7XqPw_byV0N1H88W8J12ooz"}
	for _, test := range []struct {
		name    string
		failure error
		options Options
		saved   *notify.Image
		want    []notify.Report
	}{
		{"saved", nil, Options{Title: "Web", Endpoint: "/srv"}, image, []notify.Report{{Title: "Web", Base: "base.raw", Image: image, Endpoint: "/srv"}}},
		{"tried", nil, Options{NoSave: true}, nil, []notify.Report{{Base: "base.raw"}}},
		{"kept", nil, Options{NoShutdown: true}, nil, nil},
		{
			"without its console", fmt.Errorf("starting: no login%sone%stwo", marker, marker), Options{}, nil,
			[]notify.Report{{Base: "base.raw", Failure: &notify.Failure{Phase: "starting the machine", Cause: "starting: no login"}}},
		},
		{"failed though it was to be kept", errors.New("script"), Options{NoShutdown: true}, nil, []notify.Report{{Base: "base.raw", Failure: &notify.Failure{Phase: "starting the machine", Cause: "script"}}}},
		{"mistyped", fault.Usagef("--disk-size 1K is less"), Options{}, nil, nil},
	} {
		var got []notify.Report
		test.options.Base = &base.Source{Name: base.Name{Text: "base.raw"}}
		test.options.Tell = func(_ context.Context, r *notify.Report) {
			if r.Started.IsZero() || !r.Ended.After(r.Started) {
				t.Errorf("%s: from %v to %v", test.name, r.Started, r.Ended)
			}
			r.Started, r.Ended = time.Time{}, time.Time{}
			got = append(got, *r)
		}
		r := &run{plan: &plan{options: &test.options}, start: time.Now(), phase: "starting the machine", saved: test.saved}
		r.tell(t.Context(), test.failure)
		if diff := cmp.Diff(test.want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", test.name, diff)
		}
	}
}

func TestApplianceName(t *testing.T) {
	for path, want := range map[string]string{
		"/images/web.ova": "web", "web server.ova.gz": "web-server", "é.ova": "appliance", "-x.ova": "x", ".ova": "appliance", "a_b-1.2.ova": "a_b-1",
	} {
		if got := applianceName(path); got != want {
			t.Errorf("applianceName(%q) = %q, want %q", path, got, want)
		}
	}
}
