package command

import (
	"fmt"
	"os"

	"golang.org/x/sys/unix"

	"github.com/stratuslab/stratus/lib/files"
	"github.com/stratuslab/stratus/lib/report"
)

// secret is the text of a setting that is to be kept from everybody else.
type secret struct {
	text string
	key  string // of the configuration
}

// hideSecrets takes the secrets out of the environment, and keeps the memory of
// this process from others. It returns the variables that were set.
func (c *Call) hideSecrets() map[string]string {
	taken := make(map[string]string)
	c.secrets = make(map[string]secret)
	for _, s := range c.program.Settings {
		if !s.Secret {
			continue
		}
		if text, ok := os.LookupEnv(s.Env); ok {
			taken[s.Env] = text
			_ = os.Unsetenv(s.Env) // fails for malformed names only
		}
		c.secrets[s.Flag] = secret{text: c.String(s.Flag), key: s.Key}
	}
	if len(c.secrets) > 0 {
		c.protectMemory()
	}
	return taken
}

// settleSecret finds the value of a secret.
func (c *Call) settleSecret(s Setting, taken map[string]string) {
	if c.IsSet(s.Flag) {
		return
	}
	if text, ok := taken[s.Env]; text != "" || ok && s.Blank {
		c.secrets[s.Flag] = secret{text: text}
		c.settled[s.Flag] = Value{Origin: FromEnvironment, Name: "the variable " + s.Env}
	} else if text := c.Config.values[s.Key]; text != "" { // blank, as in a template, it says nothing
		c.secrets[s.Flag] = secret{text: text, key: s.Key}
		c.settled[s.Flag] = Value{Origin: FromConfiguration, Name: fmt.Sprintf("the configuration %q", c.Config.path)}
	}
}

// Secret returns the text of a secret, which is empty where there is none. One in
// a configuration file that other users have access to is refused with an error
// of kind report.Credentials.
func (c *Call) Secret(name string) (string, error) {
	s := c.secrets[name]
	if c.Value(name).Origin != FromConfiguration {
		return s.text, nil
	}
	return s.text, checkPrivate(s.key, c.Config.path)
}

// checkPrivate refuses a file with a secret that other users have access to.
func checkPrivate(what, path string) error {
	if info, err := os.Stat(path); err == nil && info.Mode().IsRegular() && info.Mode().Perm()&0o077 != 0 {
		return report.WithHint(report.Credentialsf("reading %s from %q: its mode is %04o, and other users must not have access",
			what, path, info.Mode().Perm()), "chmod 600 %q", path)
	}
	return nil
}

// SecretFile returns the first line of the file that the value names, which is a
// secret. A file that other users have access to is refused; every error has the
// kind report.Credentials.
func (c *Call) SecretFile(v Value) (string, error) {
	path := v.Path()
	if err := checkPrivate(v.Name, path); err != nil {
		return "", err
	}
	line, err := c.firstLine(func() (*os.File, error) { return os.Open(path) })
	if err == nil && line == "" {
		err = fmt.Errorf("the first line of %q is empty", path)
	}
	if err != nil {
		return "", report.Credentialsf("reading %s: %w", v.Name, err)
	}
	return line, nil
}

// firstLine reads the first line of a file, which may be a pipe that has no writer.
func (c *Call) firstLine(open func() (*os.File, error)) (string, error) {
	return files.Await(c.Ctx, func() (string, error) {
		f, err := open()
		if err != nil {
			return "", err
		}
		defer f.Close()
		return files.FirstLine(f)
	})
}

// protectMemory keeps this process's memory, which holds secrets, out of core
// files and away from the debuggers of the same user. The limit does not bind
// programs to which the kernel pipes cores; the dumpable flag does. A process may
// still open its own /proc/self/fd then, and a program it starts is dumpable
// again.
func (c *Call) protectMemory() {
	if err := unix.Setrlimit(unix.RLIMIT_CORE, &unix.Rlimit{}); err != nil {
		c.Log.Warnf("turning core files off: %v", err)
	}
	if err := unix.Prctl(unix.PR_SET_DUMPABLE, 0, 0, 0, 0); err != nil {
		c.Log.Warnf("turning memory dumps off: %v", err)
	}
}

// holdDescriptor makes sure that the descriptor of --passphrase-fd, if there is
// to be one, is one that the caller opened, and keeps it from the programs that
// this one starts. Those of this process itself are closed on exec; the
// others are not.
func (c *Call) holdDescriptor() error {
	if !c.IsSet(passphraseFDFlag) {
		return nil
	}
	number := c.Int(passphraseFDFlag)
	if number < 3 {
		return report.WithHint(report.Usagef("reading --%s %d: not a valid descriptor, want 3 or more: the others are the standard streams",
			passphraseFDFlag, number), "%s", useDescriptor)
	}
	if flags, err := unix.FcntlInt(uintptr(number), unix.F_GETFD, 0); err != nil || flags&unix.FD_CLOEXEC != 0 {
		return report.WithHint(report.Usagef("reading --%s %d: it is not open", passphraseFDFlag, number), "%s", useDescriptor)
	}
	unix.CloseOnExec(number)
	return nil
}
