package command

import (
	"fmt"
	"io"
	"strings"

	"github.com/urfave/cli/v2"
)

const exitCodesHelp = `Exit codes:
  0 done, 1 failed, 2 usage, 3 bad input, 4 credentials or trust,
  5 refused by the remote, 6 remote unreachable, 130 and 143 interrupted
`

// writeHelp prints the command's page, with the flags under their categories
// in the order in which they were declared.
func writeHelp(w io.Writer, c *Program, flags []cli.Flag) error {
	var b strings.Builder
	fmt.Fprintf(&b, "%s - %s\n\nUsage: %s [options] %s\n", c.Name, c.Summary, c.Name, c.Args)
	category := ""
	for _, f := range flags {
		if of := categoryOf(f); of != category {
			category = of
			fmt.Fprintf(&b, "\n%s:\n", category)
		}
		b.WriteString(flagHelp(f, settingOf(c, f)))
	}
	if len(c.Examples) > 0 {
		b.WriteString("\nExamples:\n")
		for _, example := range c.Examples {
			fmt.Fprintf(&b, "  %s\n", example)
		}
	}
	b.WriteString("\n" + exitCodesHelp)
	_, err := io.WriteString(w, b.String())
	return err
}

// InCategory puts flags under one heading of the help.
func InCategory(category string, flags ...cli.Flag) []cli.Flag {
	for _, f := range flags {
		switch f := f.(type) {
		case *cli.StringFlag:
			f.Category = category
		case *cli.StringSliceFlag:
			f.Category = category
		case *cli.BoolFlag:
			f.Category = category
		case *cli.IntFlag:
			f.Category = category
		default:
			panic(fmt.Sprintf("a flag of type %T", f))
		}
	}
	return flags
}

func categoryOf(f cli.Flag) string {
	if cf, ok := f.(cli.CategorizableFlag); ok && cf.GetCategory() != "" {
		return cf.GetCategory()
	}
	return "Options"
}

func settingOf(c *Program, f cli.Flag) *Setting {
	for i := range c.Settings {
		if c.Settings[i].Flag == f.Names()[0] {
			return &c.Settings[i]
		}
	}
	return nil
}

// flagHelp is one flag's entry: its names and value on one line, its text on
// the lines below.
func flagHelp(f cli.Flag, s *Setting) string {
	var names []string
	for _, name := range f.Names() {
		if len(name) == 1 {
			names = append([]string{"-" + name}, names...)
		} else {
			names = append(names, "--"+name)
		}
	}
	doc, ok := f.(cli.DocGenerationFlag)
	if !ok {
		return "  " + strings.Join(names, ", ") + "\n"
	}
	value, text := unquoteUsage(doc.GetUsage())
	if doc.TakesValue() {
		names[len(names)-1] += " " + value
		if text0 := doc.GetDefaultText(); text0 != "" && text0 != `""` && text0 != "0" && !strings.Contains(text, "(default") {
			text += " (default: " + strings.Trim(text0, `"`) + ")"
		}
	}
	if _, ok := f.(*cli.StringSliceFlag); ok {
		text += " (repeatable)"
	}
	if s != nil {
		text += " [" + s.Env + "]"
	}
	return "  " + strings.Join(names, ", ") + "\n" + wrap(text, "        ", 78)
}

// unquoteUsage finds the word in back quotes, which names the flag's value.
func unquoteUsage(usage string) (value, text string) {
	before, rest, ok := strings.Cut(usage, "`")
	if !ok {
		return "VALUE", usage
	}
	value, after, _ := strings.Cut(rest, "`")
	return value, before + value + after
}

// wrap breaks text at spaces into indented lines of at most width columns.
func wrap(text, indent string, width int) string {
	var b strings.Builder
	line := indent
	for _, word := range strings.Fields(text) {
		if len(line)+len(word) >= width && line != indent {
			b.WriteString(line + "\n")
			line = indent
		}
		if line != indent {
			line += " "
		}
		line += word
	}
	return b.String() + line + "\n"
}
