package metadata

import "github.com/stratuslab/stratus/lib/strictxml"

// The namespaces of image metadata.
const (
	rdfNamespace     = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
	dctermsNamespace = "http://purl.org/dc/terms/"
	slreqNamespace   = "http://mp.stratuslab.eu/slreq#"
	sltermsNamespace = "http://mp.stratuslab.eu/slterms#"
	xmldsigNamespace = "http://www.w3.org/2000/09/xmldsig#"
)

// namespaces are what the prefixes of Terms stand for. StratusLab does not know the
// last one: readers pass over what they do not know, and Check accepts it.
var namespaces = map[string]string{
	"rdf": rdfNamespace, "dcterms": dctermsNamespace, "slreq": slreqNamespace, "slterms": sltermsNamespace,
	"stratus": "https://stratuslab.github.io/terms#",
}

// Term names a kind of element by one of the prefixes of namespaces and its local
// name. A document may use other prefixes; a Term stands for the namespace.
type Term struct{ Prefix, Name string }

// String returns the name as it is usually written, such as "dcterms:title".
func (t Term) String() string { return t.Prefix + ":" + t.Name }

// The terms of a Description that hold text.
var (
	Identifier   = Term{"dcterms", "identifier"}   // of the image, 27 characters
	Bytes        = Term{"slreq", "bytes"}          // size of the uncompressed image
	Type         = Term{"dcterms", "type"}         // base or grid
	Kind         = Term{"slterms", "kind"}         // machine or disk
	OS           = Term{"slterms", "os"}           // operating system
	OSVersion    = Term{"slterms", "os-version"}   // its version
	OSArch       = Term{"slterms", "os-arch"}      // its architecture
	Version      = Term{"slterms", "version"}      // of the image
	Compression  = Term{"dcterms", "compression"}  // gz, bz2 or empty
	Location     = Term{"slterms", "location"}     // URI of the image, may be repeated
	Format       = Term{"dcterms", "format"}       // raw or qcow2
	Creator      = Term{"dcterms", "creator"}      // author of the image
	Created      = Term{"dcterms", "created"}      // time, see FormatTime
	Valid        = Term{"dcterms", "valid"}        // time of expiry, see FormatTime
	Title        = Term{"dcterms", "title"}        // one line for listings
	Alternative  = Term{"dcterms", "alternative"}  // the tag
	Description  = Term{"dcterms", "description"}  // free text
	Hypervisor   = Term{"slterms", "hypervisor"}   // kvm or xen
	DisksBus     = Term{"slterms", "disks-bus"}    // ide, scsi, sata (which the original did not know) or virtio
	Publisher    = Term{"dcterms", "publisher"}    // of the metadata
	IsVersionOf  = Term{"dcterms", "isVersionOf"}  // identifier of a related image
	Replaces     = Term{"dcterms", "replaces"}     // identifier of an older image
	IsReplacedBy = Term{"dcterms", "isReplacedBy"} // identifier of a newer image
	Deprecated   = Term{"slterms", "deprecated"}   // why the image should not be used
	SBOM         = Term{"stratus", "sbom-sha256"}  // SHA-256, in hexadecimal, of the list of packages in the image
	Reused       = Term{"stratus", "reused"}       // layers of earlier builds that the image has, with times
	Inputs       = Term{"stratus", "inputs"}       // digest, in hexadecimal, of all that the image was made from, with a secret of its maker
)

// The terms that hold elements, and those inside them.
var (
	rdfType     = Term{"rdf", "type"}
	checksum    = Term{"slreq", "checksum"}
	algorithm   = Term{"slreq", "algorithm"}
	digest      = Term{"slreq", "value"}
	endorsement = Term{"slreq", "endorsement"}
	endorser    = Term{"slreq", "endorser"}
	email       = Term{"slreq", "email"}
	subject     = Term{"slreq", "subject"}
	issuer      = Term{"slreq", "issuer"}
)

// emissionOrder is the order of the elements in a Description. Others follow.
var emissionOrder = []Term{
	rdfType, Identifier, Bytes, checksum, endorsement,
	Type, Kind, OS, OSVersion, OSArch, Version, Compression, Location, Format,
	Creator, Created, Valid, Title, Alternative, Description, Hypervisor, DisksBus,
	Publisher, IsVersionOf, Replaces, IsReplacedBy, Deprecated,
}

// expanded returns what identifies an element of the term in any document.
func (t Term) expanded() strictxml.Name {
	uri, known := namespaces[t.Prefix]
	if !known {
		panic("metadata: a Term has no prefix " + t.Prefix)
	}
	return strictxml.Name{URI: uri, Local: t.Name}
}

// signatureName is the name of the element that holds a signature.
var signatureName = strictxml.Name{URI: xmldsigNamespace, Local: "Signature"}

var (
	rootName        = strictxml.Name{URI: rdfNamespace, Local: "RDF"}
	descriptionName = strictxml.Name{URI: rdfNamespace, Local: "Description"}
)
