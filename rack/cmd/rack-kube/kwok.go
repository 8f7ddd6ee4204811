package main

import (
	"context"
	"errors"
	"fmt"
	"os"

	"github.com/spf13/pflag"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/kwok/pkg/apis/internalversion"
	"sigs.k8s.io/kwok/pkg/client/clientset/versioned"
	"sigs.k8s.io/kwok/pkg/config"
	"sigs.k8s.io/kwok/pkg/kwok/controllers"
	"sigs.k8s.io/kwok/pkg/log"
	"sigs.k8s.io/kwok/pkg/utils/client"
	"sigs.k8s.io/kwok/pkg/utils/signals"
	"sigs.k8s.io/kwok/pkg/utils/slices"
)

// parallelism is how many pods change at once; as many as one node's kubelet would start.
const parallelism = 8

// kwok runs KWOK's controllers under the stages of --stages, on every node. It is not upstream's command: that one
// brings KWOK's kubelet server along, which no rehearsal uses and which does not compile beside this Kubernetes.
func kwok() {
	if err := runKWOK(signals.SetupSignalContext(), os.Args[1:]); err != nil {
		fmt.Fprintf(os.Stderr, "kwok: %v\n", err)
		os.Exit(1)
	}
}

func runKWOK(ctx context.Context, args []string) error {
	flags := pflag.NewFlagSet("kwok", pflag.ContinueOnError)
	kubeconfig := flags.String("kubeconfig", "", "kubeconfig of the cluster")
	stagesFile := flags.String("stages", "", "file of the stages that pods go through")
	ctx, _ = log.InitFlags(ctx, flags)
	if err := flags.Parse(args); err != nil {
		return err
	}
	if *kubeconfig == "" || *stagesFile == "" {
		return errors.New("--kubeconfig and --stages must be set")
	}
	objects, err := config.Load(ctx, *stagesFile)
	if err != nil {
		return fmt.Errorf("stages: %w", err)
	}
	conf, err := clients(*kubeconfig)
	if err != nil {
		return fmt.Errorf("kubeconfig %s: %w", *kubeconfig, err)
	}
	conf.ID, err = controllers.Identity()
	if err != nil {
		return err
	}
	conf.ManageAllNodes = true
	conf.LocalStages = slices.GroupBy(config.FilterWithType[*internalversion.Stage](objects),
		func(stage *internalversion.Stage) internalversion.StageResourceRef { return stage.Spec.ResourceRef })
	conf.PodPlayStageParallelism, conf.NodePlayStageParallelism, conf.PodsOnNodeSyncParallelism = parallelism, 1, 1
	controller, err := controllers.NewController(conf)
	if err != nil {
		return err
	}
	if err := controller.Start(ctx); err != nil {
		return err
	}
	<-ctx.Done()
	return nil
}

// clients makes every client that KWOK's controllers want.
func clients(kubeconfig string) (controllers.Config, error) {
	conf := controllers.Config{}
	set, err := client.NewClientset("", kubeconfig)
	if err != nil {
		return conf, err
	}
	restConfig, err := set.ToRESTConfig()
	if err != nil {
		return conf, err
	}
	conf.ImpersonatingDynamicClient, conf.ImpersonatingTypedClient = set.ToImpersonatingDynamicClient(), set.ToImpersonatingTypedClient()
	if conf.DynamicClient, err = set.ToDynamicClient(); err != nil {
		return conf, err
	}
	if conf.RESTMapper, err = set.ToRESTMapper(); err != nil {
		return conf, err
	}
	if conf.RESTClient, err = rest.RESTClientFor(restConfig); err != nil {
		return conf, err
	}
	if conf.TypedClient, err = kubernetes.NewForConfig(restConfig); err != nil {
		return conf, err
	}
	conf.TypedKwokClient, err = versioned.NewForConfig(restConfig)
	return conf, err
}
