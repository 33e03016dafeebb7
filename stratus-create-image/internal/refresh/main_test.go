package refresh

import (
	"testing"

	"github.com/stratuslab/stratus/lib/peers"
)

func TestMain(m *testing.M) {
	peers.Contain()
	m.Run()
}
