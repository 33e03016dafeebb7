package recipe

import (
	"context"
	"path"
	"strings"

	"github.com/stratuslab/stratus/lib/shell"
	"github.com/stratuslab/stratus/stratus-create-image/internal/guest"
)

const proxyLabel = "using the package proxy"

// useProxy writes what the package manager takes the proxy from into the private
// directory. Its own command line would stay in the image: in the logs of apt,
// zypper, apk, pacman and sudo, in dnf's and yum's database.
func (p *packaging) useProxy(ctx context.Context, g *guest.Guest, dir *guest.Dir) error {
	if p.Proxy == "" || !p.needsInstaller() {
		return nil
	}
	var variables []Variable
	// Both cases: not every library reads both.
	for _, name := range []string{"http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY"} {
		variables = append(variables, Variable{name, string(p.Proxy)})
	}
	switch p.installer {
	case Apt:
		file, err := writeAptProxy(ctx, g, dir, string(p.Proxy))
		if err != nil {
			return err
		}
		variables = append(variables, Variable{"APT_CONFIG", file})
	case Zypper:
		// What zypper did stands in /var/log/zypp/history as well; its log names
		// every server that it spoke to.
		variables = append(variables, Variable{"ZYPP_LOGFILE", path.Join(dir.Path, "zypper.log")})
	}
	const name = "proxy.env"
	if err := dir.Write(ctx, name, strings.NewReader(exports(variables)), 0o600); err != nil {
		return err
	}
	p.conditions.environment = path.Join(dir.Path, name)
	if p.installer == Dnf || p.installer == Yum {
		return p.overrideRPMProxy(ctx, g, dir)
	}
	return nil
}

// writeAptProxy writes settings that win over the guest's: apt reads the file
// that APT_CONFIG names before all others, and its main file after them.
func writeAptProxy(ctx context.Context, g *guest.Guest, dir *guest.Dir, proxy string) (file string, err error) {
	const first, last, added = "apt.conf", "apt-main.conf", "apt-proxy.conf"
	main := path.Join(dir.Path, last)
	for name, content := range map[string]string{
		first: "Dir::Etc::main \"" + main + "\";\n",
		added: "\nAcquire::http::Proxy \"" + proxy + "\";\nAcquire::https::Proxy \"" + proxy + "\";\n",
	} {
		if err := dir.Write(ctx, name, strings.NewReader(content), 0o644); err != nil {
			return "", err
		}
	}
	command := "{ cat /etc/apt/apt.conf 2>/dev/null; " + shell.Join("cat", path.Join(dir.Path, added)) + "; } > " + shell.Quote(main)
	return path.Join(dir.Path, first), g.Run(ctx, proxyLabel, command)
}

// rpmProxy writes dnf's or yum's settings to $1, with the proxy of the
// environment, where they have one of their own, which would win over that.
// dnf 5 reads several files, but only the one that it is told where there is such.
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
