package local

import (
	"encoding/json"
	"fmt"
)

func (c *machineConfig) baseNode() map[string]any {
	base := map[string]any{
		"node-name": "base", "driver": c.BaseFormat, "read-only": true,
		"file": map[string]any{"driver": "file", "filename": c.Base, "read-only": true},
	}
	if c.BaseFormat == "qcow2" || c.BaseFormat == "vmdk" {
		base["backing"] = nil
	}
	return base
}

// diskName returns the name of the node of the nth overlay.
func diskName(n int) string { return fmt.Sprintf("disk%d", n) }

// overlayNode returns the node of the nth overlay over what below names or is.
func overlayNode(n int, path string, below any, readOnly bool) map[string]any {
	file := map[string]any{"driver": "file", "filename": path}
	overlay := map[string]any{"node-name": diskName(n), "driver": "qcow2", "backing": below, "file": file}
	if readOnly {
		file["read-only"], overlay["read-only"] = true, true
		return overlay
	}
	file["discard"], overlay["discard"], overlay["detect-zeroes"] = "unmap", "unmap", "unmap"
	// A disk that is thrown away after any failure needs no flushes.
	overlay["cache"] = map[string]any{"no-flush": true}
	return overlay
}

// image returns QEMU's name of the machine's disk: the whole chain, each file by the
// path that it has now, whatever the headers say.
func (c *machineConfig) image() string {
	below := c.baseNode()
	for i, path := range c.chain() {
		below = overlayNode(i, path, below, true)
	}
	return "json:" + node(below)
}

func fileNode(name, path string, readOnly bool) string {
	return node(map[string]any{
		"node-name": name, "driver": "raw", "read-only": readOnly,
		"file": map[string]any{"driver": "file", "filename": path, "read-only": readOnly},
	})
}

// node writes a block node's options; a map of strings, numbers and maps has
// always a JSON form.
func node(options map[string]any) string {
	text, err := json.Marshal(options)
	if err != nil {
		panic(err)
	}
	return string(text)
}
