package seal

import (
	"errors"
	"fmt"
	"regexp"
	"slices"

	"github.com/stratuslab/stratus/lib/shell"
	"github.com/stratuslab/stratus/stratus-create-image/internal/guest"
)

// Account is the user that the build had made to log in as.
type Account struct {
	Name string
	Mark string // its comment field (GECOS), which differs from that of every other account
}

var (
	accountName = regexp.MustCompile(`^[a-z_][a-z0-9_-]{0,31}$`)
	accountMark = regexp.MustCompile(`^[A-Za-z0-9 ._-]{8,}$`)
)

// removeAccount removes the account named $u if its comment is $mark, so that no
// account of the base image goes. It is still logged in, hence -f. cloud-init
// gave it its rights in a file that other accounts may be in.
const removeAccount = `
entry=$(grep "^$u:" /etc/passwd) || exit 0
if [ "$(printf %s "$entry" | cut -d: -f5 | cut -d, -f1)" = "$mark" ]; then
  home=$(printf %s "$entry" | cut -d: -f6)
  if command -v userdel >/dev/null; then userdel -f -r "$u" 2>&1 || true; else deluser --remove-home "$u" 2>&1 || true; fi
  if grep -q "^$u:" /etc/passwd || [ -e "$home" ]; then echo "the account $u is still there"; exit 1; fi
  for f in /etc/sudoers.d/90-cloud-init-users /etc/doas.conf; do
    if [ -f "$f" ]; then
      sed -i "/^# User rules for $u\$/d; /^$u[[:space:]]/d; /^permit .* $u\$/d" "$f"
      if ! grep -Eqv '^[[:space:]]*(#|$)' "$f"; then rm -f "$f"; fi
    fi
  done
  rm -f "/var/spool/cron/crontabs/$u" "/var/spool/cron/$u" "/var/mail/$u" "/var/lib/sudo/lectured/$u"
  rm -f /etc/passwd- /etc/shadow- /etc/group- /etc/gshadow- /etc/subuid- /etc/subgid-
fi
`

// failedRemoval is the exit status of LastCommand where the account is still
// there. No program that it runs ends with it.
const failedRemoval = 97

// LastCommand is what the guest runs as root in the very end: it removes the
// build's account, and then runs the shell command that ends the machine. Both
// are one command: once the account is gone, its login session cannot become root
// any more. Where the account is root, or the plan leaves it in the
// image, only the other remains. A failure to remove it ends the command before
// the machine goes down: see StillThere.
func (p *Plan) LastCommand(a Account, end string) (string, error) {
	if a.Name == "root" || !slices.ContainsFunc(p.Items, func(i Item) bool { return i.Name == "account" }) {
		return end, nil
	}
	if !accountName.MatchString(a.Name) || !accountMark.MatchString(a.Mark) {
		return "", fmt.Errorf("removing the account %q: not a valid name, or its mark %q is not valid", a.Name, a.Mark)
	}
	script := "set -eu; u=" + shell.Quote(a.Name) + "; mark=" + shell.Quote(a.Mark) + removeAccount
	return fmt.Sprintf("sh -c %s || exit %d\nsync; %s", shell.Quote(script), failedRemoval, end), nil
}

// StillThere reports whether LastCommand failed to remove the account: the image
// must not be saved.
func StillThere(err error) bool {
	var exit *guest.ExitError
	return errors.As(err, &exit) && exit.Status == failedRemoval
}
