package signature

import (
	"encoding/base64"
	"math/big"
	"slices"
	"strings"
	"testing"
)

// TestForgedValue: values in another form.
func TestForgedValue(t *testing.T) {
	checkForgeries(t, []forgery{
		{name: "ECDSA", named: "ecdsa", peer: strictPeer},
		{name: "ECDSA P-384", named: "ecdsa-p384", peer: strictPeer},
		{name: "ECDSA in DER", named: "ecdsa", value: asDER, want: "want 64 for this key"},
		{name: "ECDSA too long", named: "ecdsa", value: wide, want: "a signature value of 66 bytes"},
		{
			name: "ECDSA with more after it", named: "ecdsa", value: func(v []byte) []byte { return append(v, 0) },
			want: "a signature value of 65 bytes",
		},
		{
			name: "ECDSA too short", named: "ecdsa", value: func(v []byte) []byte { return v[:63] },
			want: "a signature value of 63 bytes",
		},
		{
			name: "ECDSA of nothing", named: "ecdsa", value: func([]byte) []byte { return make([]byte, 64) },
			want: "not made with the key",
		},
		{
			name: "RSA with a zero before it", value: func(v []byte) []byte { return slices.Concat([]byte{0}, v) },
			want: "not made with the key",
		},
		{name: "RSA and more after it", value: func(v []byte) []byte { return append(v, 0) }, want: "not made with the key"},
		{name: "no value", template: []string{"{value}", ""}, want: "SignatureValue is not base64"},
		{name: "no digest", template: []string{"{digest}", ""}, want: "DigestValue is not base64"},

		{name: "trailing bits", base64: trailingBits, peer: strictPeer, want: "SignatureValue is not base64"},
		{name: "no padding", base64: base64.RawStdEncoding.EncodeToString, want: "SignatureValue is not base64"},
		{
			name: "too much padding", base64: func(v []byte) string { return encode(v) + "=" },
			want: "SignatureValue is not base64",
		},
		{
			name: "padding inside", base64: func(v []byte) string { return encode(v[:1]) + encode(v[1:]) },
			want: "SignatureValue is not base64",
		},
		{name: "other alphabet", base64: base64.URLEncoding.EncodeToString, want: "SignatureValue is not base64"},
		{
			name: "other space", base64: func(v []byte) string { return "\u00a0" + encode(v) },
			want: "SignatureValue is not base64",
		},
		{
			name: "ignored characters", base64: func(v []byte) string { return "-" + encode(v) },
			want: "SignatureValue is not base64",
		},
		{
			name: "comment in the value", template: []string{"{value}", "<!--c-->{value}"}, peer: strictPeer,
			want: "comment in SignatureValue",
		},
		{
			name: "instruction in the value", template: []string{"{value}", "{value}<?p?>"}, peer: strictPeer,
			want: "processing instruction in SignatureValue",
		},
		{
			name: "CDATA section in the value", template: []string{"{value}", "<![CDATA[{value}]]>"}, peer: strictPeer,
			want: "CDATA section in SignatureValue",
		},
		{
			name: "element in the value", template: []string{"{value}", "{value}<x/>"}, peer: strictPeer,
			want: "element in SignatureValue",
		},
		{
			name: "comment in the digest", template: []string{"{digest}", "<!--c-->{digest}"}, peer: strictPeer,
			want: "comment in DigestValue",
		},
		{
			name: "comment in the certificate", template: []string{"{certificate}", "{certificate}<!--c-->"}, peer: strictPeer,
			want: "comment in X509Certificate",
		},
	})
}

// trailingBits sets bits in the last character that stand for nothing.
func trailingBits(value []byte) string {
	text := strings.TrimRight(encode(value), "=")
	last := len(text) - 1
	return text[:last] + string(text[last]+1) + "=="
}

// wide returns both numbers of an ECDSA value a byte too many.
func wide(value []byte) []byte {
	r, s := halves(value)
	size := len(value)/2 + 1
	pad := func(n *big.Int) []byte { return n.FillBytes(make([]byte, size)) }
	return append(pad(r), pad(s)...)
}
