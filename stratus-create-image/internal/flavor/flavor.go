// Package flavor knows the instance types: named sizes of virtual machines. It
// must not know what runs them.
package flavor

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
)

// Type is the size of a virtual machine.
type Type struct {
	CPU  int // virtual processors
	RAM  int // MiB
	Swap int // MiB
}

// Default is the type of machines for which nothing is said.
const Default = "m1.small"

// builtin gives the types of the StratusLab cloud.
func builtin() map[string]Type {
	return map[string]Type{
		"t1.micro":  {CPU: 1, RAM: 512, Swap: 512},
		"m1.small":  {CPU: 1, RAM: 1536, Swap: 1536},
		"m1.medium": {CPU: 1, RAM: 3072, Swap: 3072},
		"m1.large":  {CPU: 2, RAM: 6144, Swap: 6144},
		"m1.xlarge": {CPU: 4, RAM: 8192, Swap: 8192},
		"c1.medium": {CPU: 2, RAM: 1536, Swap: 1536},
		"c1.xlarge": {CPU: 4, RAM: 6144, Swap: 6144},
	}
}

// Limits of a type: what no sane machine goes beyond.
const (
	maxCPU = 512
	maxMiB = 16 << 20
)

// Find gives the named type, from the built-in ones and the user's own: names
// with "cpu, ram, swap". A line of the user's that cannot be read is an error
// only for whoever asks for it.
func Find(name string, own map[string]string) (Type, error) {
	name = strings.ToLower(name)
	for line, value := range own {
		if strings.ToLower(line) == name {
			return parse(name, value)
		}
	}
	types := builtin()
	if t, ok := types[name]; ok {
		return t, nil
	}
	known := slices.Concat(slices.Collect(maps.Keys(types)), slices.Collect(maps.Keys(own)))
	slices.Sort(known)
	return Type{}, fmt.Errorf("finding the instance type %q: known are %s", name, strings.Join(slices.Compact(known), ", "))
}

func parse(name, value string) (Type, error) {
	fields := strings.Split(value, ",")
	if len(fields) != 3 {
		return Type{}, fmt.Errorf("reading the instance type %q = %q: cpu, ram, swap are expected", name, value)
	}
	var n [3]int
	for i, field := range fields {
		var err error
		if n[i], err = strconv.Atoi(strings.TrimSpace(field)); err != nil {
			return Type{}, fmt.Errorf("reading the instance type %q = %q: %q is no whole number", name, value, field)
		}
	}
	t := Type{CPU: n[0], RAM: n[1], Swap: n[2]}
	return t, t.Check()
}

// Check says whether a machine of this size can be.
func (t Type) Check() error {
	switch {
	case t.CPU < 1 || t.CPU > maxCPU:
		return fmt.Errorf("checking the machine's size: %d processors, 1 to %d are allowed", t.CPU, maxCPU)
	case t.RAM < 64 || t.RAM > maxMiB:
		return fmt.Errorf("checking the machine's size: %d MiB of memory, 64 to %d are allowed", t.RAM, maxMiB)
	case t.Swap < 0 || t.Swap > maxMiB:
		return fmt.Errorf("checking the machine's size: %d MiB of swap, 0 to %d are allowed", t.Swap, maxMiB)
	}
	return nil
}
