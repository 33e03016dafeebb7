package contextualize

import (
	"encoding/base64"
	"strings"

	"github.com/stratuslab/stratus/stratus-create-image/internal/userdata"
	"github.com/stratuslab/stratus/stratus-create-image/internal/volume"
)

// packFrom is the size in bytes from which user data is gzipped, which
// cloud-init notices by itself.
const packFrom = 16 << 10

// openNebula is for two readers: cloud-init's data source, which takes
// USER_DATA and ignores START_SCRIPT_BASE64, and OpenNebula's own one-context,
// which does the contrary.
func (c *Context) openNebula() ([]volume.File, error) {
	variables := append([]Variable{{"NETWORK", "YES"}}, c.Variables...)
	if c.Card != nil {
		variables = append(variables,
			Variable{"ETH0_MAC", c.Card.MAC}, Variable{"ETH0_IP", c.Card.IP}, Variable{"ETH0_MASK", c.Card.Mask},
			Variable{"ETH0_NETWORK", c.Card.Network}, Variable{"ETH0_GATEWAY", c.Card.Gateway}, Variable{"ETH0_DNS", c.Card.DNS},
			// Who understands it writes no address into the image.
			Variable{"ETH0_METHOD", "dhcp"})
	}
	if keys := c.keys(); len(keys) > 0 {
		variables = append(variables, Variable{"SSH_PUBLIC_KEY", strings.Join(keys, "\n")})
	}
	document, err := c.document()
	if err != nil {
		return nil, err
	}
	if len(document) > packFrom {
		if document, err = userdata.Gzip(document); err != nil {
			return nil, err
		}
	}
	if document != nil {
		variables = append(variables,
			Variable{"USER_DATA", base64.StdEncoding.EncodeToString(document)}, Variable{"USER_DATA_ENCODING", "base64"})
	}
	if script := c.startScript(); script != "" {
		variables = append(variables, Variable{"START_SCRIPT_BASE64", base64.StdEncoding.EncodeToString([]byte(script))})
	}
	text, err := contextSh(variables)
	if err != nil {
		return nil, err
	}
	return []volume.File{{Path: "context.sh", Content: text}}, nil
}

// startScript lets a build in and runs the user's scripts; empty where there
// is neither.
func (c *Context) startScript() string {
	scripts, _ := userdata.Scripts(c.parts())
	if c.Seed == nil && len(scripts) == 0 {
		return ""
	}
	keys := "" // SSH_PUBLIC_KEY is enough for a cloud
	if c.Seed != nil {
		keys = strings.Join(c.keys(), "\n")
	}
	return "#!/bin/sh\nstratus_scheme=" + string(OpenNebula) + "\n" + c.access(quote(keys)) + runAll(scripts, true)
}
