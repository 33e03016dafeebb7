package notify

import (
	"fmt"
	"strings"
	"time"

	"github.com/stratuslab/stratus/lib/report"
)

// Bounds of a report, in characters: a guest can print errors and console lines of any
// length.
const (
	maxSubject = 150
	maxLine    = 1000
	maxCause   = 16 << 10
	maxConsole = 100 // lines
)

// Subject returns the report in one line.
func (r *Report) Subject() string {
	switch {
	case r.Failure != nil:
		return clip(line("Image not built: "+r.name()+" ("+r.Failure.Phase+")"), maxSubject)
	case r.Image == nil:
		return clip(line("Image tried, not saved: "+r.name()), maxSubject)
	}
	return clip(line("Image built: "+r.name()), maxSubject)
}

// Text returns the report for people, in lines that end with "\n".
func (r *Report) Text() string {
	var b strings.Builder
	switch {
	case r.Failure != nil:
		fmt.Fprintf(&b, "The image %s could not be built.\n\n", quote(r.name()))
	case r.Image == nil:
		fmt.Fprintf(&b, "The image %s was built as a trial; nothing was saved.\n\n", quote(r.name()))
	default:
		fmt.Fprintf(&b, "The image %s is built.\n\n", quote(r.name()))
	}
	field := func(name, value string) {
		if value != "" {
			fmt.Fprintf(&b, "%-12s%.*s\n", name, maxLine, line(value))
		}
	}
	if f := r.Failure; f != nil {
		field("failed at", f.Phase)
	}
	if i := r.Image; i != nil {
		field("identifier", i.Identifier)
		field("image", i.Path)
		field("location", r.location())
	}
	field("base", r.Base)
	field("host", r.Host)
	field("ended", r.Ended.UTC().Format(time.RFC3339))
	field("took", r.Ended.Sub(r.Started).Round(time.Second).String())
	if r.Failure != nil {
		r.Failure.write(&b)
	}
	r.writeNext(&b)
	return b.String()
}

func (f *Failure) write(b *strings.Builder) {
	b.WriteString("\nThe cause:\n\n")
	writeLines(b, "  ", strings.Split(strings.TrimRight(clip(f.Cause, maxCause), "\n"), "\n"))
	if tail := f.tail(); len(tail) > 0 {
		b.WriteString("\nThe last lines of the machine's console:\n\n")
		writeLines(b, "  | ", tail)
	}
}

func (f *Failure) tail() []string { return f.Console[max(0, len(f.Console)-maxConsole):] }

// writeNext writes the commands in full: cut, they would do something else.
func (r *Report) writeNext(b *strings.Builder) {
	next := r.Next()
	if len(next) == 0 {
		return
	}
	fmt.Fprintf(b, "\nIts description is attached. To publish the image, save it as %s\n", quote(r.Image.DraftName()))
	b.WriteString("and put the address where others will find it in place of URL:\n\n")
	for _, command := range next {
		fmt.Fprintf(b, "  %s\n", command)
	}
}

func writeLines(b *strings.Builder, indent string, lines []string) {
	for _, text := range lines {
		fmt.Fprintf(b, "%s%.*s\n", indent, maxLine, report.Printable(text))
	}
}

func quote(name string) string { return `"` + clip(line(name), maxSubject) + `"` }

// clip returns the first characters of a text.
func clip(text string, limit int) string { return fmt.Sprintf("%.*s", limit, text) }
