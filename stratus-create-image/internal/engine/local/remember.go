package local

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"

	"github.com/stratuslab/stratus/lib/files"
)

// memory has what was found out about files, so that it is found out once. It is a file
// in the store of snapshots.
type memory struct {
	path    string          // empty: nothing is remembered
	facts   map[string]fact // by path
	changed bool
}

type fact struct {
	Stamp files.Stamp
	Text  string
}

const (
	memoryFile = ".files.json"
	maxFacts   = 100
)

// recall returns the memory of a store, an empty one where it cannot be read.
func recall(store string) *memory {
	m := &memory{facts: make(map[string]fact)}
	if store == "" {
		return m
	}
	m.path = filepath.Join(store, memoryFile)
	if text, err := os.ReadFile(m.path); err == nil && json.Unmarshal(text, &m.facts) != nil {
		m.facts = make(map[string]fact)
	}
	return m
}

// of returns what find returns for a file. The file must not change meanwhile.
func (m *memory) of(ctx context.Context, s files.Stamp, find func(context.Context, string) (string, error)) (string, error) {
	if f, ok := m.facts[s.Path]; ok && f.Stamp == s {
		return f.Text, nil
	}
	text, err := find(ctx, s.Path)
	if err != nil {
		return "", err
	}
	if now, err := files.StampOf(s.Path); err != nil || now != s {
		return "", fmt.Errorf("the file %q changes", s.Path)
	}
	if len(m.facts) >= maxFacts {
		clear(m.facts)
	}
	m.facts[s.Path], m.changed = fact{s, text}, true
	return text, nil
}

// save keeps what is new.
func (m *memory) save() error {
	if !m.changed || m.path == "" {
		return nil
	}
	if _, err := openStore(filepath.Dir(m.path)); err != nil {
		return err
	}
	text, err := json.Marshal(m.facts)
	if err != nil {
		return err
	}
	p, err := files.CreatePending(m.path, true)
	if err != nil {
		return err
	}
	defer p.Discard()
	if _, err := p.File.Write(text); err != nil {
		return fmt.Errorf("writing %q: %w", m.path, err)
	}
	return p.Commit()
}
