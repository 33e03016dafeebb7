package engine

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/stratuslab/stratus/lib/diskimage"
)

func TestParseTarget(t *testing.T) {
	tests := []struct {
		path, format string
		want         *Target
		bad          bool
	}{
		{path: "a.qcow2", want: &Target{Path: "a.qcow2", Format: diskimage.Qcow2, Compression: diskimage.None}},
		{path: "d.ir/A.IMG.XZ", want: &Target{Path: "d.ir/A.IMG.XZ", Format: diskimage.Raw, Compression: diskimage.Xz}},
		{path: "a.raw.zst", want: &Target{Path: "a.raw.zst", Format: diskimage.Raw, Compression: diskimage.Zstd}},
		{path: "a.vmdk.bz2", want: &Target{Path: "a.vmdk.bz2", Format: diskimage.Vmdk, Compression: diskimage.Bzip2}},
		{path: "a.vdi.gz", want: &Target{Path: "a.vdi.gz", Format: diskimage.Vdi, Compression: diskimage.Gzip}},
		{path: "a.vhd.zst", want: &Target{Path: "a.vhd.zst", Format: diskimage.Vhd, Compression: diskimage.Zstd}},
		{path: "A.OVA", want: &Target{Path: "A.OVA", Format: diskimage.Ova, Compression: diskimage.None}},
		{path: "disk", format: "ova", want: &Target{Path: "disk", Format: diskimage.Ova, Compression: diskimage.None}},
		{path: "a.vhdx", want: &Target{Path: "a.vhdx", Format: diskimage.Vhdx, Compression: diskimage.None}},
		{path: "disk", format: "QCOW2", want: &Target{Path: "disk", Format: diskimage.Qcow2, Compression: diskimage.None}},
		{path: "disk.gz", format: "raw", want: &Target{Path: "disk.gz", Format: diskimage.Raw, Compression: diskimage.Gzip}},
		{path: "disk", bad: true},
		{path: "a.gz", bad: true},
		{path: "a.iso", bad: true},
		{path: "a.qcow2", format: "iso", bad: true},
	}
	for _, test := range tests {
		var format diskimage.Format
		var err error
		if test.format != "" {
			format, err = ParseFormat(test.format)
		}
		var got *Target
		if err == nil {
			got, err = ParseTarget(test.path, format)
		}
		if (err != nil) != test.bad {
			t.Errorf("ParseTarget(%q, %q): %v", test.path, test.format, err)
		} else if diff := cmp.Diff(test.want, got); diff != "" && !test.bad {
			t.Errorf("ParseTarget(%q, %q) (-want +got):\n%s", test.path, test.format, diff)
		}
	}
}

func TestForm(t *testing.T) {
	for _, test := range []struct{ path, clusters, want string }{
		{"a.qcow2", "", "qcow2"}, {"a.qcow2", "none", "qcow2"}, {"a.qcow2", "zlib", "qcow2, compressed with zlib"},
		{"a.qcow2", "zstd", "qcow2, compressed with zstd"}, {"a.qcow2.xz", "zstd", "qcow2 xz"}, {"a.raw", "zstd", "raw"},
	} {
		target, err := ParseTarget(test.path, "")
		if err == nil && test.clusters != "" {
			target.Clusters, err = ParseClusters(test.clusters)
		}
		if err != nil {
			t.Fatal(err)
		}
		if got := target.Form(); got != test.want {
			t.Errorf("%s with %q: %q, want %q", test.path, test.clusters, got, test.want)
		}
	}
	for _, bad := range []string{"", "gzip", "ZSTD"} {
		if c, err := ParseClusters(bad); err == nil {
			t.Errorf("ParseClusters(%q) = %q", bad, c)
		}
	}
}
