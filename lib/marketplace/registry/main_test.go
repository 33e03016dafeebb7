package registry

import (
	"os"
	"testing"

	"github.com/stratuslab/stratus/lib/peers"
)

func TestMain(m *testing.M) {
	peers.Contain()
	os.Exit(m.Run())
}
