package credential

import (
	"fmt"
	"os"
	"strconv"

	"golang.org/x/sys/unix"

	"github.com/stratuslab/stratus/lib/command"
	"github.com/stratuslab/stratus/lib/fault"
	"github.com/stratuslab/stratus/lib/files"
)

const (
	passphraseVariable = "STRATUSLAB_P12_PASSWORD" //nolint:gosec // the variable's name
	passphraseKey      = "p12_password"
)

// passphrases knows where a passphrase can come from.
type passphrases struct {
	c        *command.Call
	variable string // what the variable says
	set      bool   // whether it says anything
	source   string // where the passphrase came from, for messages
}

// newPassphrases takes the variable out of the environment, whether it is
// going to be needed or not: programs that this one starts must not have it.
func newPassphrases(c *command.Call) *passphrases {
	p := &passphrases{c: c}
	p.variable, p.set = os.LookupEnv(passphraseVariable)
	_ = os.Unsetenv(passphraseVariable) // fails for malformed names only
	return p
}

// given reads the passphrase from the first source of the list that the user
// has set up, if any. An empty passphrase is one: an empty file is not.
func (p *passphrases) given() (passphrase string, given bool, err error) {
	for _, source := range []struct {
		name string
		set  bool
		read func() (string, error)
	}{
		{"--" + fileFlag, p.c.IsSet(fileFlag), p.fromFile},
		{"--" + fdFlag, p.c.IsSet(fdFlag), p.fromDescriptor},
		{"--" + passwordFlag, p.c.IsSet(passwordFlag), p.fromCommandLine},
		{"the variable " + passphraseVariable, p.set, func() (string, error) { return p.variable, nil }},
		{fmt.Sprintf("the configuration %q", p.c.Config.Path()), p.configured(), p.fromConfiguration},
		{"--" + commandFlag, p.c.IsSet(commandFlag), p.fromCommand},
	} {
		if source.set {
			p.source = source.name
			if p.c.IsSet(commandFlag) && source.name != "--"+commandFlag {
				p.c.Log.Warnf("--%s is not used: the passphrase comes from %s", commandFlag, source.name)
			}
			passphrase, err := source.read()
			return passphrase, true, err
		}
	}
	return "", false, nil
}

func (p *passphrases) fromFile() (string, error) {
	name := p.c.String(fileFlag)
	if name == "-" {
		return "", fault.WithHint(fault.Usagef("--%s=%q: standard input is for documents", fileFlag, name), "%s", useDescriptor)
	}
	passphrase, err := files.Await(p.c.Ctx, func() (string, error) {
		f, err := os.Open(name)
		if err != nil {
			return "", err
		}
		defer f.Close()
		return firstLine(f)
	})
	if err != nil {
		return "", fmt.Errorf("reading the passphrase: %w", errReading(name, err))
	}
	return passphrase, nil
}

const useDescriptor = "open another descriptor, as with --passphrase-fd 3 3<FILE"

// holdDescriptor makes sure that the descriptor, if there is to be one, is one
// that the caller opened, and keeps it to this process. Those of this process
// itself are closed on exec, which tells them apart.
func (p *passphrases) holdDescriptor() error {
	if !p.c.IsSet(fdFlag) {
		return nil
	}
	number := p.c.Int(fdFlag)
	if number < 3 {
		return fault.WithHint(fault.Usagef("--%s=%d: want 3 or more, the first three are the standard streams", fdFlag, number), "%s", useDescriptor)
	}
	if flags, err := unix.FcntlInt(uintptr(number), unix.F_GETFD, 0); err != nil || flags&unix.FD_CLOEXEC != 0 {
		return fault.WithHint(fault.Usagef("--%s=%d: it is not open", fdFlag, number), "%s", useDescriptor)
	}
	unix.CloseOnExec(number)
	return nil
}

func (p *passphrases) fromDescriptor() (string, error) {
	number := p.c.Int(fdFlag)
	passphrase, err := files.Await(p.c.Ctx, func() (string, error) {
		f := os.NewFile(uintptr(number), strconv.Itoa(number))
		defer f.Close()
		return firstLine(f)
	})
	if err != nil {
		return "", refuse("reading the passphrase from the descriptor %d: %w", number, err)
	}
	return passphrase, nil
}

func (p *passphrases) fromCommandLine() (string, error) {
	p.c.Log.Warnf("--%s: any user of this machine can see the passphrase with ps; --%s keeps it to yourself", passwordFlag, fileFlag)
	return p.c.String(passwordFlag), nil
}

// configured tells whether the configuration holds a passphrase. Left blank
// there, as in a file made of a template, it says nothing.
func (p *passphrases) configured() bool {
	value, _ := p.c.Config.Value(passphraseKey)
	return value != ""
}

func (p *passphrases) fromConfiguration() (string, error) {
	path := p.c.Config.Path()
	info, err := os.Stat(path)
	if err != nil {
		return "", refuse("reading %s from the configuration: %w", passphraseKey, err)
	}
	if mode := info.Mode().Perm(); mode&0o077 != 0 {
		return "", fault.WithHint(refuse("reading %s from %q: its mode is %04o, and other users must not have access", passphraseKey, path, mode),
			"chmod 600 %s", shellQuote(path))
	}
	value, _ := p.c.Config.Value(passphraseKey)
	return value, nil
}

// errNoSource says where a passphrase could come from.
func errNoSource(err error) error {
	return fault.WithHint(refuse("asking for the passphrase: there is no terminal: %w", err),
		"give --%s, --%s, --%s or the variable %s", fileFlag, fdFlag, commandFlag, passphraseVariable)
}
