package recipe

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/stratuslab/stratus/lib/shell"
)

// Archive is the index of an archive of packages, as it was when its lists of packages
// were read.
type Archive struct {
	URL    string
	SHA256 string // in hexadecimal digits
}

// Bounds of what a guest, or an archive, makes this host read.
const (
	maxArchives  = 200
	maxIndex     = 64 << 20 // bytes
	archivesTime = time.Minute
	archivesPart = 8 // that are asked at once
)

// aptArchives prints the URL and the digest of each index that the lists of packages
// belong to, and "unknown" for one that is not there.
const aptArchives = `
apt-get indextargets --format '$(URI)|$(METAKEY)|$(FILENAME)' 'Created-By: Packages' | while IFS='|' read -r uri key file; do
  lists=${file%"$(printf %s "$key" | tr / _)"*}
  for name in InRelease Release unknown; do
    if [ "$name" = unknown ]; then echo unknown unknown; break; fi
    if [ -f "$lists$name" ]; then
      echo "${uri%"$key"}$name $(sha256sum <"$lists$name" | cut -d ' ' -f 1)"
      break
    fi
  done
done | sort -u
`

// rpmArchives is the end of a pipe that does the same for repositories of RPM packages. It
// reads a line "want" for each enabled one, and for each that was read "id ID" and then
// "url URL". It calls found with the ID, which prints the path of the index.
const rpmArchives = ` | {
  id= wanted=0 got=0
  while read -r what value rest; do
    case $what in
    want) wanted=$((wanted + 1)) ;;
    id) id=$value ;;
    url)
      file=$(found "$id")
      if [ -n "$id" ] && [ -f "$file" ]; then
        value=${value%,}
        echo "${value%/}/repodata/repomd.xml $(sha256sum <"$file" | cut -d ' ' -f 1)"
        id= got=$((got + 1))
      fi
      ;;
    esac
  done
  if [ $wanted != $got ]; then echo unknown unknown; fi
} | sort -u
`

// dnfArchives reads what dnf 4 says, whose directories are named by an ID and 16 digits.
const dnfArchives = `
found() { ls -d /var/cache/dnf/"$1"-????????????????/repodata/repomd.xml; }
{
  dnf -q -C repolist --enabled | sed '1d; s/.*/want/'
  dnf -q -C repoinfo --enabled | sed -n 's/^Repo-id *: */id /p; s/^Repo-baseurl *: */url /p'
}` + rpmArchives

const zypperArchives = `
found() { echo /var/cache/zypp/raw/"$1"/repodata/repomd.xml; }
zypper --non-interactive --no-refresh --xmlout repos |
  sed -n 's/^<repo alias="\([^"]*\)".* enabled="1".*/want\nid \1/p; s,^<url>\(.*\)</url>$,url \1,p'` + rpmArchives

// Archives returns the indexes of the archives whose lists of packages the guest has.
// None are returned where this host cannot compare all of them later: of package managers
// other than apt, dnf 4 and zypper, and of archives that are not reached by http or https.
func (j *Job) Archives(ctx context.Context) ([]Archive, error) {
	command := map[Installer]string{Apt: aptArchives, Dnf: dnfArchives, Zypper: zypperArchives}[j.installer]
	if command == "" {
		return nil, nil
	}
	if file := j.conditions.environment; file != "" {
		command = shell.Join(".", file) + "\n" + command
	}
	var out string
	err := j.limited(ctx, func(ctx context.Context) (err error) {
		out, err = j.guest.Output(ctx, "looking at the indexes of the archives", command)
		return err
	})
	if err != nil {
		return nil, err
	}
	return parseArchives(out), nil
}

// parseArchives reads what the guest prints, which is hostile input.
func parseArchives(out string) []Archive {
	var archives []Archive
	for line := range strings.Lines(out) {
		fields := strings.Fields(line)
		if len(fields) != 2 || len(archives) == maxArchives {
			return nil
		}
		u, err := url.Parse(fields[0])
		sum, bad := hex.DecodeString(fields[1])
		if err != nil || bad != nil || len(sum) != sha256.Size || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" || u.User != nil {
			return nil
		}
		archives = append(archives, Archive{u.String(), hex.EncodeToString(sum)})
	}
	return archives
}

// Fetch returns the archives as they are now.
func Fetch(ctx context.Context, client HTTP, archives []Archive) ([]Archive, error) {
	ctx, cancel := context.WithTimeoutCause(ctx, archivesTime, fmt.Errorf("it took longer than %v", archivesTime))
	defer cancel()
	now := make([]Archive, len(archives))
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(archivesPart)
	for i, a := range archives {
		group.Go(func() error {
			sum, err := fetchIndex(ctx, client, a.URL)
			if err != nil {
				return fmt.Errorf("reading the index of an archive: %w", err)
			}
			now[i] = Archive{a.URL, sum}
			return nil
		})
	}
	if err := group.Wait(); err != nil {
		return nil, err
	}
	return now, nil
}

// fetchIndex returns the SHA-256 of an index, in hexadecimal digits.
func fetchIndex(ctx context.Context, client HTTP, from string) (string, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, from, nil)
	if err != nil {
		return "", err
	}
	response, err := client.Do(request)
	if err != nil {
		return "", err
	}
	defer func() { _ = response.Body.Close() }()
	if response.StatusCode != http.StatusOK {
		return "", fmt.Errorf("%q answers %s, want 200", from, response.Status)
	}
	h := sha256.New()
	n, err := io.Copy(h, io.LimitReader(response.Body, maxIndex+1))
	if err != nil {
		return "", fmt.Errorf("%q: %w", from, err)
	}
	if n > maxIndex {
		return "", fmt.Errorf("%q has more than %d bytes", from, maxIndex)
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}
