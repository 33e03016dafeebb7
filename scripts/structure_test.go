package scripts

import (
	"go/ast"
	"io/fs"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"github.com/stratuslab/stratus/lib/peers"
)

const module = "github.com/stratuslab/stratus/"

// linked are the packages of this module and of others that each program links,
// beside those that every program does. It links no more: neither the registry's
// writer where entries are only read, nor a client of other hosts where none is
// reached.
var linked = map[string]string{
	"stratus-create-image": `
		lib/metadata lib/strictxml
		lib/cache lib/credential lib/digest lib/marketplace lib/marketplace/entry lib/marketplace/internal/api
		lib/marketplace/registry lib/remote lib/shell lib/signature lib/signature/internal/xmldsig lib/trust
		stratus-create-image/internal/base
		stratus-create-image/internal/base/fetch stratus-create-image/internal/base/ova
		stratus-create-image/internal/build stratus-create-image/internal/contextualize
		stratus-create-image/internal/engine stratus-create-image/internal/engine/local
		stratus-create-image/internal/guest stratus-create-image/internal/notify
		stratus-create-image/internal/recipe stratus-create-image/internal/refresh
		stratus-create-image/internal/sbom stratus-create-image/internal/seal
		github.com/CycloneDX/cyclonedx-go github.com/ProtonMail/go-crypto github.com/beevik/etree
		github.com/cloudflare/circl github.com/hashicorp/go-cleanhttp
		github.com/hashicorp/go-retryablehttp github.com/jonboulle/clockwork github.com/kdomanski/iso9660
		github.com/klauspost/compress github.com/klauspost/pgzip github.com/kr/fs github.com/pkg/sftp
		github.com/russellhaering/goxmldsig github.com/skeema/knownhosts github.com/wneessen/go-mail
		golang.org/x/crypto golang.org/x/sync golang.org/x/text software.sslmate.com/src/go-pkcs12
	`,
	"stratus-build-metadata": `
		lib/metadata lib/strictxml
		lib/digest stratus-build-metadata/internal/describe stratus-build-metadata/internal/edit
		github.com/klauspost/compress golang.org/x/sync
	`,
	"stratus-sign-metadata": `
		lib/metadata lib/strictxml
		lib/credential lib/digest lib/shell lib/signature lib/signature/internal/xmldsig lib/trust
		stratus-sign-metadata/internal/endorse
		github.com/beevik/etree github.com/jonboulle/clockwork github.com/klauspost/compress
		github.com/russellhaering/goxmldsig golang.org/x/crypto golang.org/x/sync
		software.sslmate.com/src/go-pkcs12
	`,
	"stratus-upload-metadata": `
		lib/metadata lib/strictxml
		lib/marketplace lib/marketplace/entry lib/marketplace/internal/api lib/marketplace/publish
		lib/marketplace/registry lib/remote lib/signature lib/signature/internal/xmldsig
		github.com/beevik/etree github.com/hashicorp/go-cleanhttp github.com/hashicorp/go-retryablehttp
		github.com/jonboulle/clockwork github.com/kr/fs github.com/pkg/sftp
		github.com/russellhaering/goxmldsig github.com/skeema/knownhosts golang.org/x/crypto
		golang.org/x/sync
	`,
	"scripts/find-image": `
		lib/metadata lib/strictxml
		lib/marketplace lib/marketplace/entry lib/marketplace/internal/api lib/marketplace/registry
		lib/remote lib/signature lib/signature/internal/xmldsig
		github.com/beevik/etree github.com/hashicorp/go-cleanhttp github.com/hashicorp/go-retryablehttp
		github.com/jonboulle/clockwork github.com/kr/fs github.com/pkg/sftp
		github.com/russellhaering/goxmldsig github.com/skeema/knownhosts golang.org/x/crypto
	`,
	"scripts/image-cache": `
		lib/cache lib/digest github.com/klauspost/compress golang.org/x/sync
	`,
	"scripts/marketplace": `
		lib/metadata lib/strictxml
		lib/marketplace lib/marketplace/entry lib/marketplace/internal/api lib/marketplace/publish
		lib/marketplace/registry lib/remote lib/signature lib/signature/internal/xmldsig
		scripts/marketplace/internal/index scripts/marketplace/internal/page
		scripts/marketplace/internal/server
		github.com/beevik/etree github.com/hashicorp/go-cleanhttp github.com/hashicorp/go-retryablehttp
		github.com/jonboulle/clockwork github.com/kr/fs github.com/pkg/sftp
		github.com/russellhaering/goxmldsig github.com/skeema/knownhosts golang.org/x/crypto
		golang.org/x/net golang.org/x/sync
	`,
}

// everywhere is what every program links.
const everywhere = `
	lib/command lib/diskimage lib/files lib/report
	github.com/cpuguy83/go-md2man/v2 github.com/russross/blackfriday/v2 github.com/urfave/cli/v2
	github.com/xrash/smetrics golang.org/x/sys golang.org/x/term gopkg.in/ini.v1
`

// TestLinks compares what the programs link with the lists above.
func TestLinks(t *testing.T) {
	peers.Need(t, "go")
	for program, list := range linked {
		t.Run(path.Base(program), func(t *testing.T) {
			const names = `{{with .Module}}{{if .Main}}{{$.ImportPath}}{{else}}{{.Path}}{{end}}{{end}}`
			const format = `{{if not .Standard}}` + names + `{{end}}`
			out, err := exec.CommandContext(t.Context(), "go", "list", "-deps", "-f", format, "../"+program).Output()
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, name := range strings.Fields(string(out)) {
				if name = strings.TrimPrefix(name, module); name != program {
					got = append(got, name)
				}
			}
			slices.Sort(got)
			want := strings.Fields(everywhere + list)
			slices.Sort(want)
			if diff := cmp.Diff(want, slices.Compact(got)); diff != "" {
				t.Errorf("%s links (-want +got):\n%s", program, diff)
			}
		})
	}
}

// TestRooms checks that every package says what it is for and what it must not
// know, and that no two packages have one name.
func TestRooms(t *testing.T) {
	fset, files := sources(t)
	comments, names := make(map[string]string), make(map[string]string)
	for _, f := range files {
		dir := path.Dir(fset.Position(f.Package).Filename)
		comments[dir] += comment(f)
		if name := f.Name.Name; name != "main" && names[name] != "" && names[name] != dir {
			t.Errorf("%s and %s are both called %s", names[name], dir, name)
		} else {
			names[name] = dir
		}
	}
	for dir, text := range comments {
		if !strings.HasPrefix(text, "Package ") && !strings.HasPrefix(text, "Command ") {
			t.Errorf("%s has no comment about the package, or several", dir)
		}
		text = strings.Join(strings.Fields(text), " ")
		if !strings.Contains(text, "must not") && !strings.Contains(text, "for tests only") {
			t.Errorf("%s does not say what it must not know", dir)
		}
	}
}

func comment(f *ast.File) string {
	if f.Doc == nil {
		return ""
	}
	return f.Doc.Text()
}

// columns is the longest line of a test, in characters; a tab is one.
const columns = 130

// TestColumns checks that no line of a test is too long to be read at once.
func TestColumns(t *testing.T) {
	found := 0
	err := filepath.WalkDir("..", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(path, "_test.go") {
			return err
		}
		found++
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		number := 0
		for line := range strings.Lines(string(text)) {
			number++
			if n := utf8.RuneCountInString(strings.TrimRight(line, "\r\n")); n > columns {
				t.Errorf("%s:%d: %d columns, at most %d", path, number, n, columns)
			}
		}
		return nil
	})
	if err != nil || found < 100 {
		t.Fatalf("reading the tests: %d files, %v", found, err)
	}
}
