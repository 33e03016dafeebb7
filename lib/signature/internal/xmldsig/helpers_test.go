package xmldsig

import "slices"

// signBytes returns a document with its signature.
func signBytes(src []byte, s Signer) ([]byte, error) {
	doc, err := Parse(src)
	if err != nil {
		return nil, err
	}
	signature, err := Sign(doc, s)
	if err != nil {
		return nil, err
	}
	doc.Root.Append(signature)
	signed, err := doc.Bytes()
	return slices.Clone(signed), err
}

func verifyBytes(src []byte) (*Verified, error) {
	doc, err := Parse(src)
	if err != nil {
		return nil, err
	}
	return Verify(doc)
}
