package machineconfig

import (
	"maps"

	"github.com/siderolabs/talos/pkg/machinery/config/types/v1alpha1"

	"github.com/home-ops/home-ops/spec"
)

// baseSysctls are raised on every node; the stack file's own win.
func baseSysctls() map[string]string {
	return map[string]string{
		// Log collectors and file watchers share one user; the kernel's 128
		// instances end at some sixty pods.
		"fs.inotify.max_user_instances": "8192",
		"fs.inotify.max_user_watches":   "1048576",
		// QUIC tunnels and HTTP/3 gateways want seven megabytes of buffer
		// (https://github.com/quic-go/quic-go/wiki/UDP-Buffer-Sizes).
		"net.core.rmem_max": "7500000",
		"net.core.wmem_max": "7500000",
	}
}

func sysctls(node spec.Node) map[string]string {
	merged := baseSysctls()
	maps.Copy(merged, node.Sysctls)
	return merged
}

// kernelConfig loads the node's modules in their order.
func kernelConfig(node spec.Node) *v1alpha1.KernelConfig {
	if len(node.KernelModules) == 0 {
		return nil
	}
	var kernel v1alpha1.KernelConfig
	for _, module := range node.KernelModules {
		kernel.KernelModules = append(kernel.KernelModules, &v1alpha1.KernelModuleConfig{
			ModuleName: module.Name, ModuleParameters: module.Parameters,
		})
	}
	return &kernel
}
