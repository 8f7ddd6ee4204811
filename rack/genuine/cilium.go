package genuine

// CiliumFlags keep Cilium's operator to itself on a machine that it shares with others: it serves nobody, and what it would restart
// because no agent has an endpoint for it stays, for there are no agents. {dir} stands for the folder with its kubeconfig.
func CiliumFlags() []string {
	return []string{
		"--k8s-kubeconfig-path={dir}/kubeconfig", "--shell-sock-path={dir}/shell.sock",
		"--operator-api-serve-addr=127.0.0.1:0", "--enable-metrics=false", "--enable-gops=false", "--operator-pprof=false",
		"--unmanaged-pod-watcher-interval=0",
	}
}
