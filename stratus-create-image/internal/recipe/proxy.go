package recipe

import (
	"context"
	"fmt"
	"path"
	"strings"

	"github.com/stratuslab/stratus/lib/shell"
	"github.com/stratuslab/stratus/stratus-create-image/internal/guest"
)

const proxyLabel = "using the package proxy"

// configure writes the settings of the package manager for this build to the
// private directory: the mirrors and the proxy. On a command line they would stay
// in the image: in the logs of apt, zypper, apk, pacman and sudo, in dnf's and
// yum's database. Scripts use the mirrors, too.
func (p *packaging) configure(ctx context.Context, g *guest.Guest, dir *guest.Dir) error {
	var variables []Variable
	var apt string // settings
	if len(p.Mirrors) > 0 && p.installer == Apt {
		p.say("using the mirror %s", p.Mirrors)
		var err error
		if apt, err = p.Mirrors.copySources(ctx, g, dir); err != nil {
			return err
		}
		v, err := writeAptConfig(ctx, g, dir, mirrorLabel, "scripts", apt)
		if err != nil {
			return err
		}
		variables = append(variables, v)
		p.forScripts = append(p.forScripts, v)
	}
	proxy := p.Proxy != "" && p.needsInstaller()
	if proxy {
		more, err := p.proxyVariables(ctx, g, dir, apt)
		if err != nil {
			return fmt.Errorf("using the package proxy: %w", err)
		}
		variables = append(variables, more...)
	}
	if len(variables) == 0 {
		return nil
	}
	const name = "packages.env"
	if err := dir.Write(ctx, name, strings.NewReader(exports(variables)), 0o600); err != nil {
		return err
	}
	p.conditions.environment = path.Join(dir.Path, name)
	if proxy && (p.installer == Dnf || p.installer == Yum) {
		return p.overrideRPMProxy(ctx, g, dir)
	}
	return nil
}

// proxyVariables returns the variables from which the package manager takes the
// proxy; apt are more settings of apt's.
func (p *packaging) proxyVariables(ctx context.Context, g *guest.Guest, dir *guest.Dir, apt string) (variables []Variable, err error) {
	// Both cases: not every library reads both.
	for _, name := range []string{"http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY"} {
		variables = append(variables, Variable{name, string(p.Proxy)})
	}
	switch p.installer {
	case Apt:
		v, err := writeAptConfig(ctx, g, dir, proxyLabel, "apt", apt+aptProxy(p.Proxy))
		return append(variables, v), err
	case Zypper:
		// zypper has a history as well; its log names every server that it spoke to.
		variables = append(variables, Variable{"ZYPP_LOGFILE", path.Join(dir.Path, "zypper.log")})
	}
	return variables, nil
}

// rpmProxy writes dnf's or yum's settings to $1 with the proxy of the environment,
// if they have a proxy of their own, which would win over that. dnf 5 reads
// several files, but only the one of its option.
const rpmProxy = `
to=$1
set -- /usr/share/dnf5/libdnf.conf.d/*.conf /etc/dnf/libdnf5.conf.d/*.conf /etc/dnf/dnf.conf
if [ ! -e /etc/dnf/dnf.conf ]; then set -- /etc/yum.conf; fi
own='^[[:space:]]*proxy[a-z_]*[[:space:]]*[=:]'
if cat "$@" 2>/dev/null | grep -q "$own"; then
  cat "$@" 2>/dev/null | sed "/$own/d; /^[[:space:]]*\[main\]/a proxy=$http_proxy" >"$to"
  echo own
fi
`

func (p *packaging) overrideRPMProxy(ctx context.Context, g *guest.Guest, dir *guest.Dir) error {
	config := path.Join(dir.Path, string(p.installer)+".conf")
	out, err := g.Output(ctx, proxyLabel, shell.Join(".", p.conditions.environment)+" && "+shell.Join("sh", "-c", rpmProxy, "sh", config))
	if strings.TrimSpace(out) != "" {
		p.conditions.config = config
	}
	return err
}
