package seal

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/stratuslab/stratus/lib/shell"
	"github.com/stratuslab/stratus/stratus-create-image/internal/guest"
)

// step is one part of the pass over the guest.
type step struct {
	doing  string // for messages, as in "removing temporary files (tmp)"
	script string // for sh -eu as root
}

// functions are what the scripts of all steps use, and the variable homes: the home
// directory of root and of every other user, one in a line, those that accounts have
// and those that accounts may have left. They run a program only where there is
// something for it to do: starting one takes the longest by far. Each takes paths
// that the shell has expanded; one that does not exist is no error.
//
//   - files removes files and links, but no directories;
//   - trees removes directories, too;
//   - below removes the files at any depth in directories that the first argument, an
//     expression of find, is true of; a directory may be a link, as /var/spool/mail is;
//   - content removes all that is in directories;
//   - lines removes from files the lines that match the first argument;
//   - empty makes files empty.
const functions = `
homes=/root
add() { if [ -e "$1" ] || [ -L "$1" ]; then homes="$homes
$1"; fi; }
for h in /home/*; do add "$h"; done
while IFS=: read -r _ _ _ _ _ h _ || [ -n "$h" ]; do
  case $h in /?*) add "$h" ;; esac
done </etc/passwd
IFS='
'
files() {
  n=$#
  for f; do if [ -L "$f" ] || { [ -e "$f" ] && [ ! -d "$f" ]; }; then set -- "$@" "$f"; fi; done
  shift "$n"
  if [ $# -gt 0 ]; then rm -f -- "$@"; fi
}
trees() { for f; do if [ -e "$f" ] || [ -L "$f" ]; then rm -rf -- "$@"; break; fi; done; }
below() {
  names=$1 n=$#
  for d; do if [ -d "$d" ]; then set -- "$@" "$d/"; fi; done
  shift "$n"
  if [ $# -gt 0 ]; then eval 'find "$@" -xdev -type f \(' "$names" '\) -delete'; fi
}
content() {
  n=$#
  for d; do if [ -d "$d" ]; then set -- "$@" "$d"; fi; done
  shift "$n"
  if [ $# -gt 0 ]; then find "$@" -xdev -mindepth 1 -delete; fi
}
lines() { re=$1; shift; for f; do if [ -f "$f" ]; then sed -E -i "/$re/d" "$f"; fi; done; }
empty() { for f; do if [ -e "$f" ]; then : >"$f"; fi; done; }
`

// keyFound is the exit status of the search for the build key where it is found. No
// program that the search runs ends with it.
const keyFound = 96

// steps returns all steps in their order.
func (p *Plan) steps(loginKey string) ([]step, error) {
	var steps []step
	for _, pattern := range p.Exclude {
		// With an empty IFS the unquoted variable is expanded, but not split.
		steps = append(steps, step{fmt.Sprintf("removing %q", string(pattern)), "IFS=; p=" + shell.Quote(string(pattern)) + "; rm -rf -- $p"})
	}
	for _, item := range p.Items {
		if script := item.script(); script != "" {
			steps = append(steps, step{fmt.Sprintf("removing %s (%s)", item.What, item.Name), script})
		}
		if item.Name != "ssh-keys" {
			continue
		}
		fields := strings.Fields(loginKey)
		if len(fields) < 2 {
			return nil, errors.New("looking for the build key: it has an unknown form")
		}
		steps = append(steps, step{"looking for the build key", searchKey(fields[1])})
	}
	// Only what is deleted on the disk, too, is trimmed.
	return append(steps, step{trimming, "sync\nfstrim -a\nsync"}), nil
}

const trimming = "trimming the disk"

// ErrTrim is the error of a guest that is sealed, but whose disk could not be
// trimmed: its image is larger than necessary.
var ErrTrim = errors.New(trimming)

// searchKey returns what looks for the build key where keys, settings and logs are.
func searchKey(key string) string {
	return "set -- /root /home /etc /var/lib/cloud /var/log /tmp /var/tmp\n" +
		`for h in $homes; do set -- "$@" "$h/.ssh"; done` + "\n" +
		"found=$(grep -rlsF -e " + shell.Quote(key) + ` "$@" | sort -u)` + "\n" +
		fmt.Sprintf(`if [ -n "$found" ]; then printf '%%s\n' "$found" >&2; exit %d; fi`, keyFound)
}

// marker begins the line that the pass prints when a step begins; the number of the
// step follows.
const marker = "stratus-create-image: sealing step "

// compose returns the whole pass as one script. Each step runs in a shell of its
// own; the first that fails ends the pass.
func compose(steps []step) string {
	var b strings.Builder
	b.WriteString("set -eu" + functions)
	for i, s := range steps {
		// A subshell in a condition, or before ||, would ignore its own -e. What a
		// step prints on standard error is for the message if it fails.
		fmt.Fprintf(&b, "echo '%s%d'\n(\n%s\n) >/dev/null\n", marker, i, s.script)
	}
	return b.String()
}

// Apply removes everything from the guest but the build's account, see Account, and
// trims its disk. It fails if loginKey, a public key without its comment, is still
// found in the guest afterwards. All of it is one command in the guest; say is
// called when a step begins. The error of a disk that is not trimmed wraps ErrTrim.
func (p *Plan) Apply(ctx context.Context, g *guest.Guest, loginKey string, say func(format string, args ...any)) error {
	steps, err := p.steps(loginKey)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	timer := time.AfterFunc(p.limit, func() { cancel(fmt.Errorf("it took longer than %v", p.limit)) })
	defer timer.Stop()
	pass := &pass{steps: steps, begin: func(s step) {
		timer.Reset(p.limit)
		say("sealing: %s", s.doing)
	}}
	return pass.explain(g.Lines(ctx, "sh", compose(steps), pass.line))
}

// pass is where a pass is.
type pass struct {
	steps []step
	begin func(step)
	at    int      // number of the step
	said  []string // what the step has printed, at most maxSaid lines
}

// maxSaid bounds the lines of an error.
const maxSaid = 100

// line takes a line that the pass prints.
func (p *pass) line(text string) {
	number, found := strings.CutPrefix(text, marker)
	if n, err := strconv.Atoi(number); found && err == nil && n >= 0 && n < len(p.steps) {
		p.at, p.said = n, nil
		p.begin(p.steps[n])
	} else if len(p.said) < maxSaid {
		p.said = append(p.said, text)
	}
}

// explain returns the error of a pass as one about its last step.
func (p *pass) explain(err error) error {
	var exit *guest.ExitError
	doing := p.steps[p.at].doing
	switch ended := errors.As(err, &exit); {
	case err == nil:
		return nil
	case ended && doing == trimming:
		return fmt.Errorf("%w: %w: %s", ErrTrim, err, strings.Join(p.said, "\n"))
	case ended && exit.Status == keyFound:
		return fmt.Errorf("%s: it is still in %q", doing, p.said)
	case ended && len(p.said) > 0:
		return fmt.Errorf("%s: %w: %s", doing, err, strings.Join(p.said, "\n"))
	}
	return fmt.Errorf("%s: %w", doing, err)
}
