package contextualize

import (
	"encoding/base64"
	"strings"
)

// packFrom is the size in bytes above which user data is compressed with gzip,
// which cloud-init detects.
const packFrom = 16 << 10

// openNebula returns the files of OpenNebula's disk. It has two readers:
// cloud-init takes USER_DATA and ignores START_SCRIPT_BASE64, OpenNebula's own
// one-context does the contrary.
func (c *Context) openNebula() ([]File, error) {
	variables := append([]Variable{{"NETWORK", "YES"}}, c.Variables...)
	if c.Card != nil {
		variables = append(variables,
			Variable{"ETH0_MAC", c.Card.MAC}, Variable{"ETH0_IP", c.Card.IP}, Variable{"ETH0_MASK", c.Card.Mask},
			Variable{"ETH0_NETWORK", c.Card.Network}, Variable{"ETH0_GATEWAY", c.Card.Gateway}, Variable{"ETH0_DNS", c.Card.DNS},
			// A reader that knows it writes no address into the image.
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
		if document, err = compress(document); err != nil {
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
	return []File{{Path: "context.sh", Content: text}}, nil
}

// startScript returns a script that lets the build in and runs the user's
// scripts. It is empty where there is neither.
func (c *Context) startScript() string {
	scripts, _ := splitScripts(c.UserData.Parts)
	if c.Seed == nil && len(scripts) == 0 {
		return ""
	}
	keys := "" // SSH_PUBLIC_KEY is enough for a cloud
	if c.Seed != nil {
		keys = strings.Join(c.keys(), "\n")
	}
	return "#!/bin/sh\nstratus_scheme=" + string(OpenNebula) + "\n" + c.access(quote(keys)) + runAll(scripts, true)
}
