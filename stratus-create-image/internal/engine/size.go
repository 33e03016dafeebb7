package engine

import (
	"fmt"
	"maps"
	"runtime"
	"slices"
	"strconv"
	"strings"
)

// Size is the size of a virtual machine.
type Size struct {
	CPU  int // virtual processors
	RAM  int // MiB
	Swap int // MiB
}

// DefaultType is the instance type of machines for which none is named.
const DefaultType = "m1.small"

// HostCPU returns how many virtual processors a machine has for which neither a type
// nor a number is named: as many as this host, at most 4, as starting and installing
// keep no more of them busy.
func HostCPU() int { return min(runtime.NumCPU(), 4) }

// builtin returns the instance types of the StratusLab cloud.
func builtin() map[string]Size {
	return map[string]Size{
		"t1.micro":  {CPU: 1, RAM: 512, Swap: 512},
		"m1.small":  {CPU: 1, RAM: 1536, Swap: 1536},
		"m1.medium": {CPU: 1, RAM: 3072, Swap: 3072},
		"m1.large":  {CPU: 2, RAM: 6144, Swap: 6144},
		"m1.xlarge": {CPU: 4, RAM: 8192, Swap: 8192},
		"c1.medium": {CPU: 2, RAM: 1536, Swap: 1536},
		"c1.xlarge": {CPU: 4, RAM: 6144, Swap: 6144},
	}
}

// Limits of a size: what no sane machine goes beyond.
const (
	maxCPU = 512
	maxMiB = 16 << 20
)

// ParseType returns the size of the named instance type, which is one of the
// user's own, given as names with "cpu, ram, swap", or a built-in one. A value of
// the user's that is not valid is an error only where its name is asked for.
func ParseType(name string, own map[string]string) (Size, error) {
	name = strings.ToLower(name)
	for line, value := range own {
		if strings.ToLower(line) == name {
			return parseSize(name, value)
		}
	}
	types := builtin()
	if t, ok := types[name]; ok {
		return t, nil
	}
	known := slices.Concat(slices.Collect(maps.Keys(types)), slices.Collect(maps.Keys(own)))
	slices.Sort(known)
	return Size{}, fmt.Errorf("not supported; want one of %s", strings.Join(slices.Compact(known), ", "))
}

func parseSize(name, value string) (Size, error) {
	fields := strings.Split(value, ",")
	if len(fields) != 3 {
		return Size{}, fmt.Errorf(`the configuration's %q = %q is not a valid size; want "CPU, RAM, SWAP"`, name, value)
	}
	var n [3]int
	for i, field := range fields {
		var err error
		if n[i], err = strconv.Atoi(strings.TrimSpace(field)); err != nil {
			return Size{}, fmt.Errorf("the configuration's %q = %q is not a valid size: %q is not a whole number", name, value, field)
		}
	}
	t := Size{CPU: n[0], RAM: n[1], Swap: n[2]}
	return t, t.Check()
}

// Check reports a size that no machine has.
func (t Size) Check() error {
	switch {
	case t.CPU < 1 || t.CPU > maxCPU:
		return fmt.Errorf("%d processors are not supported; want 1 to %d", t.CPU, maxCPU)
	case t.RAM < 64 || t.RAM > maxMiB:
		return fmt.Errorf("%d MiB of memory are not supported; want 64 to %d", t.RAM, maxMiB)
	case t.Swap < 0 || t.Swap > maxMiB:
		return fmt.Errorf("%d MiB of swap are not supported; want 0 to %d", t.Swap, maxMiB)
	}
	return nil
}
