package contextualize

import (
	"encoding/base64"
	"fmt"
	"strings"
)

// networkConfig asks for DHCP on any Ethernet card. Without it, cloud-init writes
// the MAC address of the build's machine into the image.
const networkConfig = `version: 2
ethernets:
  any:
    match: {name: "e*"}
    dhcp4: true
`

// meta returns the variables as OpenStack has them.
func (c *Context) meta() map[string]string {
	meta := make(map[string]string)
	for _, v := range c.Variables {
		meta[v.Name] = v.Value
	}
	return meta
}

func (c *Context) noCloud() ([]File, error) {
	document, err := c.document()
	if err != nil {
		return nil, err
	}
	data := struct {
		Instance string            `json:"instance-id"`
		Keys     []string          `json:"public-keys,omitempty"`
		Meta     map[string]string `json:"meta,omitempty"`
	}{Instance: c.instance(document), Meta: c.meta()}
	if c.Seed == nil { // with a seed, the user data has the keys and their owner
		data.Keys = c.keys()
	}
	meta, err := formatJSON(data)
	if err != nil {
		return nil, err
	}
	if document == nil {
		document = []byte("#cloud-config\n{}\n") // the file must be there
	}
	files := []File{{Path: "meta-data", Content: meta}, {Path: "user-data", Content: document}}
	if c.Seed != nil {
		files = append(files, File{Path: "network-config", Content: []byte(networkConfig)})
	}
	return files, nil
}

func (c *Context) configDrive() ([]File, error) {
	document, err := c.document()
	if err != nil {
		return nil, err
	}
	data := struct {
		UUID string            `json:"uuid"`
		Keys map[string]string `json:"public_keys,omitempty"`
		Meta map[string]string `json:"meta,omitempty"`
	}{UUID: c.instance(document), Meta: c.meta()}
	if c.Seed == nil {
		data.Keys = make(map[string]string)
		for i, key := range c.keys() {
			data.Keys[fmt.Sprintf("key-%03d", i+1)] = key
		}
	}
	meta, err := formatJSON(data)
	if err != nil {
		return nil, err
	}
	files := []File{{Path: "openstack/latest/meta_data.json", Content: meta}}
	if document != nil {
		files = append(files, File{Path: "openstack/latest/user_data", Content: document})
	}
	return files, nil
}

// maxPacked is the original's limit for user data after gzip, in bytes.
const maxPacked = 16384

// cloudInitV1 returns the file that the original's stratus-prepare-context wrote:
// lines for --context-file, whose values are not escaped on their way.
func (c *Context) cloudInitV1() ([]File, error) {
	b := new(strings.Builder)
	fmt.Fprintln(b, "CONTEXT_METHOD=cloud-init")
	if keys := c.keys(); len(keys) > 0 {
		fmt.Fprintf(b, "CLOUD_INIT_AUTHORIZED_KEYS=%s\n", base64.StdEncoding.EncodeToString([]byte(strings.Join(keys, "\n")+"\n")))
	}
	document, err := c.document()
	if err != nil {
		return nil, err
	}
	if document != nil {
		packed, err := compress(document)
		if err != nil {
			return nil, err
		}
		if len(packed) > maxPacked {
			return nil, fmt.Errorf("compressed, the user data has %d bytes; at most %d", len(packed), maxPacked)
		}
		fmt.Fprintf(b, "CLOUD_INIT_USER_DATA=%s\n", base64.StdEncoding.EncodeToString(packed))
	}
	for _, v := range c.Variables {
		if strings.ContainsFunc(v.Value, func(r rune) bool { return r < ' ' || r > '~' || strings.ContainsRune("\"\\$", r) }) {
			return nil, fmt.Errorf("the value of %s is not valid: want ASCII without \", \\ and $, which are not escaped on their way", v.Name)
		}
		fmt.Fprintf(b, "%s=%s\n", v.Name, v.Value)
	}
	return []File{{Path: "cloud-init.txt", Content: []byte(b.String())}}, nil
}
