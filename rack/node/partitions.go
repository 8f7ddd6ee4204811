package node

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// partitions are what a machine keeps over a power cut, as files in its directory.
type partitions struct{ dir string }

// installation is what an installer wrote to the system disk.
type installation struct {
	// Disk is the device path of the system disk.
	Disk      string `json:"disk"`
	Image     string `json:"image"`
	Version   string `json:"version"`
	Schematic string `json:"schematic,omitempty"`
	// StagedImage is installed over this one at the next boot.
	StagedImage string `json:"stagedImage,omitempty"`
}

func openPartitions(dir string) (partitions, error) {
	p := partitions{dir: dir}
	for _, sub := range []string{"state", "ephemeral"} {
		if err := os.MkdirAll(filepath.Join(dir, sub), 0o700); err != nil {
			return p, err
		}
	}
	return p, nil
}

// ephemeral is the directory that stands for the EPHEMERAL partition: /var of the machine.
func (p partitions) ephemeral() string { return filepath.Join(p.dir, "ephemeral") }

// etcdSnapshot is /var/lib/etcd.snapshot.
func (p partitions) etcdSnapshot() string {
	return filepath.Join(p.ephemeral(), "lib", "etcd.snapshot")
}

func (p partitions) wipeEphemeral() error {
	if err := os.RemoveAll(p.ephemeral()); err != nil {
		return err
	}
	return os.MkdirAll(p.ephemeral(), 0o700)
}

func (p partitions) wipeState() error {
	state := filepath.Join(p.dir, "state")
	if err := os.RemoveAll(state); err != nil {
		return err
	}
	return os.MkdirAll(state, 0o700)
}

// installed returns what is on the system disk; ok is false on an empty one.
func (p partitions) installed() (inst installation, ok bool, err error) {
	data, err := p.read("install.json")
	if err != nil || data == nil {
		return inst, false, err
	}
	if err := json.Unmarshal(data, &inst); err != nil {
		return inst, false, fmt.Errorf("%s: %w", filepath.Join(p.dir, "install.json"), err)
	}
	return inst, true, nil
}

func (p partitions) setInstalled(inst installation) error {
	data, err := json.MarshalIndent(inst, "", "  ")
	if err != nil {
		return err
	}
	return p.write("install.json", data)
}

// wipe forgets all that the system disk held.
func (p partitions) wipe() error {
	return errors.Join(p.wipeInstalled(), p.wipeState(), p.wipeEphemeral(), p.remove(madeFile))
}

func (p partitions) wipeInstalled() error { return p.remove("install.json") }

// config returns the machine config on STATE, nil when there is none.
func (p partitions) config() ([]byte, error) { return p.read("state/config.yaml") }

func (p partitions) setConfig(data []byte) error { return p.write("state/config.yaml", data) }

// identity returns the node's identity on STATE, making one when there is none.
func (p partitions) identity(create func() string) (string, error) {
	data, err := p.read("state/node-identity")
	if err != nil || data != nil {
		return string(data), err
	}
	id := create()
	return id, p.write("state/node-identity", []byte(id))
}

// poweredOff tells whether the machine was switched off, which a restart of the process does not undo.
func (p partitions) poweredOff() bool {
	data, err := p.read("powered-off")
	return err == nil && data != nil
}

func (p partitions) setPoweredOff(off bool) error {
	if off {
		return p.write("powered-off", []byte("true\n"))
	}
	return p.remove("powered-off")
}

func (p partitions) read(name string) ([]byte, error) {
	data, err := os.ReadFile(filepath.Join(p.dir, name))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	return data, err
}

// write replaces a file in one step, so that a process killed in between leaves the old or the new one.
func (p partitions) write(name string, data []byte) error {
	path := filepath.Join(p.dir, name)
	temp := path + ".new"
	if err := os.WriteFile(temp, data, 0o600); err != nil {
		return err
	}
	return os.Rename(temp, path)
}

func (p partitions) remove(name string) error {
	err := os.Remove(filepath.Join(p.dir, name))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}
