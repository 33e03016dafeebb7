package seed

import (
	"crypto/rand"
	"io"

	"github.com/stratuslab/stratus/stratus-create-image/internal/userdata"
	"github.com/stratuslab/stratus/stratus-create-image/internal/volume"
)

// WriteISO writes the seed disk for cloud-init, an ISO 9660 image.
func (s *Seed) WriteISO(w io.Writer) error {
	config, err := s.CloudConfig(s.OtherKeys, s.UserData != nil)
	if err != nil {
		return err
	}
	var parts []userdata.Part
	if s.UserData != nil {
		parts = append(parts, userdata.Part{Name: "user-data", Content: s.UserData})
	}
	document, err := userdata.Document(append(parts, userdata.Part{Name: "stratus.cfg", Content: config}))
	if err != nil {
		return err
	}
	return volume.Write(w, "cidata", []volume.File{
		{Path: "user-data", Content: document},
		{Path: "meta-data", Content: []byte("instance-id: stratus-" + rand.Text() + "\n")},
		{Path: "network-config", Content: []byte(networkConfig)},
	})
}

// networkConfig asks for DHCP on any Ethernet card. Without it cloud-init would
// write this machine's MAC address into the image.
const networkConfig = `version: 2
ethernets:
  any:
    match: {name: "e*"}
    dhcp4: true
`
