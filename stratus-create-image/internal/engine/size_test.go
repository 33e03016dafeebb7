package engine

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestParseType(t *testing.T) {
	own := map[string]string{"Tiny": "1, 256, 0", "m1.small": "2,2048,0", "bad": "1, 2", "zero": "0, 256, 1", "word": "1, much, 0"}
	tests := []struct {
		name string
		want Size
		bad  bool
	}{
		{name: "t1.micro", want: Size{1, 512, 512}},
		{name: "M1.XLARGE", want: Size{4, 8192, 8192}},
		{name: "tiny", want: Size{1, 256, 0}},
		{name: "m1.small", want: Size{2, 2048, 0}},
		{name: "bad", bad: true},
		{name: "zero", bad: true},
		{name: "word", bad: true},
		{name: "m2.huge", bad: true},
	}
	for _, test := range tests {
		got, err := ParseType(test.name, own)
		if (err != nil) != test.bad {
			t.Errorf("ParseType(%q): error %v, want one: %v", test.name, err, test.bad)
			continue
		}
		if diff := cmp.Diff(test.want, got); diff != "" && !test.bad {
			t.Errorf("ParseType(%q) (-want +got):\n%s", test.name, diff)
		}
	}
}
