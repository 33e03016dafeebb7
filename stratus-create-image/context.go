package main

import (
	"github.com/stratuslab/stratus/lib/command"
	"github.com/stratuslab/stratus/lib/fault"
	"github.com/stratuslab/stratus/stratus-create-image/internal/contextualize"
)

// readContext reads what the machine is told.
func readContext(c *command.Call, scheme contextualize.Scheme) (*contextualize.Context, error) {
	content := new(contextualize.Context)
	var err error
	if content.Variables, err = contextualize.ParseVariables(c.StringSlice("context-var")); err != nil {
		return nil, fault.Usagef("reading --context-var: %w", err)
	}
	if content.UserData, err = contextualize.ReadUserData(c.Ctx, c.StringSlice("user-data")); err != nil {
		return nil, err
	}
	key := c.Path("key")
	if scheme == contextualize.None && !c.Typed("key") {
		key = "" // the configuration names one for other schemes
	}
	if key != "" {
		line, err := contextualize.ReadKey(c.Ctx, key)
		if err != nil {
			return nil, err
		}
		content.Keys = []string{line}
	}
	return content, nil
}

// writeContext writes the context for use with any cloud, to standard output or
// as files in the directory --output.
func writeContext(c *command.Call) error {
	name := c.String("context")
	if !c.Typed("context") {
		name = string(contextualize.CloudInit) // printed, it is for one kind of cloud
	}
	scheme, err := contextualize.ParsePrintable(name)
	if err != nil {
		return fault.Usagef("reading --context: %w", err)
	}
	content, err := readContext(c, scheme)
	if err != nil {
		return err
	}
	files, notes, err := content.Files(scheme)
	if err != nil {
		return err
	}
	for _, note := range notes {
		c.Log.Warnf("%s", note)
	}
	if dir := c.Path("output"); dir != "" {
		return contextualize.Save(dir, files)
	}
	return c.WriteProduct("", contextualize.Text(files))
}
