package node

import (
	"fmt"
	"slices"

	"github.com/siderolabs/talos/pkg/machinery/config/config"
)

// Loads says why the machine's kernel does not have a module that comes with a system extension: the installed image
// lacks the extension, or the config does not name the module. It is nil where the module is loaded.
func (n *Node) Loads(module, extension string) error {
	installed, ok, err := n.parts.installed()
	if err != nil {
		return err
	}
	applied := n.Applied()
	if !ok || applied == nil {
		return fmt.Errorf("%s: nothing is installed", n.opts.Name)
	}
	var extensions []Extension
	if n.opts.Extensions != nil {
		extensions = n.opts.Extensions(installed.Schematic)
	}
	if !slices.ContainsFunc(extensions, func(e Extension) bool { return e.Name == extension }) {
		return fmt.Errorf("%s: the installed image is without the extension %s", n.opts.Name, extension)
	}
	if !slices.ContainsFunc(applied.KernelModuleConfigs(), func(m config.KernelModuleConfig) bool { return m.Name() == module }) {
		return fmt.Errorf("%s: the config names no kernel module %s", n.opts.Name, module)
	}
	return nil
}
