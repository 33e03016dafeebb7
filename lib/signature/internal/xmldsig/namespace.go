package xmldsig

import (
	"fmt"
	"net/url"
	"strings"

	"github.com/stratuslab/stratus/lib/strictxml"
)

// checkNamespaces refuses namespaces in n that are no absolute URIs. Canonical
// XML has no form for them: other verifiers refuse every signature around them.
func checkNamespaces(n *strictxml.Node) error {
	for _, d := range n.Declarations {
		if d.URI != "" && !absoluteURI(d.URI) {
			return fmt.Errorf("%w: namespace %.80q of prefix %.80q; want an absolute URI", ErrDocument, d.URI, d.Prefix)
		}
	}
	for _, child := range n.Children {
		if err := checkNamespaces(child); err != nil {
			return err
		}
	}
	return nil
}

// The characters of RFC 3986, without the brackets around an address.
const (
	letters          = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
	schemeCharacters = letters + "0123456789+.-"
	uriCharacters    = schemeCharacters + "_~:/?#@!$&'()*,;=%"
)

func absoluteURI(s string) bool {
	scheme, rest, found := strings.Cut(s, ":")
	if !found || scheme == "" || !strings.Contains(letters, scheme[:1]) || !only(scheme, schemeCharacters) {
		return false
	}
	_, escapes := url.PathUnescape(rest) // looks at every "%"
	_, parts := url.Parse(s)             // looks at the port
	return escapes == nil && parts == nil && only(rest, uriCharacters) && strings.Count(rest, "#") <= 1
}

// only reports whether s has no characters but the allowed ones.
func only(s, allowed string) bool { return strings.Trim(s, allowed) == "" }
