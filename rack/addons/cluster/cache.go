package cluster

import (
	"context"
	"errors"
	"log/slog"
	"maps"
	"sync"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/dynamic/dynamicinformer"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/cache"
)

// store is the cache that all controllers share.
type store struct {
	client dynamic.Interface
	log    *slog.Logger

	// following is held by whoever starts and stops watches.
	following sync.Mutex

	mu      sync.Mutex
	watches map[Kind]*watch
	// told are the controllers to wake, by the kind that changed.
	told map[Kind][]chan<- struct{}
	// applied is what Apply wrote last.
	applied map[string]written
	// renewed is when the API last knew an operator's pod.
	renewed map[types.UID]time.Time
	// away is since when no API server answers; zero while one does.
	away time.Time
}

// watch keeps the objects of one kind.
type watch struct {
	informer cache.SharedIndexInformer
	stop     context.CancelFunc
}

func newStore(cfg *rest.Config, log *slog.Logger) (*store, error) {
	cfg = rest.CopyConfig(cfg)
	// A timeout would end every watch; writes have their own.
	cfg.Timeout, cfg.QPS = 0, -1
	cfg.WarningHandler = rest.NoWarnings{}
	client, err := dynamic.NewForConfig(cfg)
	if err != nil {
		return nil, err
	}
	return &store{
		client: client, log: log, watches: map[Kind]*watch{}, told: map[Kind][]chan<- struct{}{}, applied: map[string]written{},
		renewed: map[types.UID]time.Time{},
	}, nil
}

// subscribe has the channel filled whenever an object of one of the kinds changes.
func (s *store) subscribe(wake chan<- struct{}, kinds []Kind) {
	for _, kind := range kinds {
		s.told[kind] = append(s.told[kind], wake)
	}
}

// start begins to watch what Kubernetes serves itself, and the definitions that tell what else there is to watch.
func (s *store) start(ctx context.Context) {
	for kind := range s.told {
		if builtIn(kind) {
			s.watch(ctx, kind)
		}
	}
	s.watch(ctx, Definitions)
}

func (s *store) watch(ctx context.Context, kind Kind) {
	ctx, stop := context.WithCancel(ctx)
	informer := dynamicinformer.NewFilteredDynamicInformer(s.client, kind, "", 0,
		cache.Indexers{cache.NamespaceIndex: cache.MetaNamespaceIndexFunc}, nil).Informer()
	// Without a handler of its own client-go prints every refused connection of a server that restarts.
	_ = informer.SetWatchErrorHandler(func(_ *cache.Reflector, err error) {
		if !errors.Is(err, context.Canceled) {
			s.log.Debug("watch", "kind", kind.GroupResource().String(), "error", err)
		}
	})
	changed := func(any) { s.changed(ctx, kind) }
	_, _ = informer.AddEventHandler(cache.ResourceEventHandlerFuncs{
		AddFunc: changed, DeleteFunc: changed, UpdateFunc: func(any, any) { changed(nil) },
	})
	s.mu.Lock()
	s.watches[kind] = &watch{informer: informer, stop: stop}
	s.mu.Unlock()
	go informer.RunWithContext(ctx)
	go func() {
		// A kind without objects tells nobody that it is known.
		if cache.WaitForCacheSync(ctx.Done(), informer.HasSynced) {
			s.changed(ctx, kind)
		}
	}()
}

// anew begins every watch again. What they knew is not known until they have.
func (s *store) anew(ctx context.Context) {
	s.following.Lock()
	defer s.following.Unlock()
	s.mu.Lock()
	watches := maps.Clone(s.watches)
	s.mu.Unlock()
	for kind, w := range watches {
		w.stop()
		s.watch(ctx, kind)
	}
}

func (s *store) changed(ctx context.Context, kind Kind) {
	if kind == Definitions {
		s.follow(ctx)
	}
	for _, wake := range s.told[kind] {
		select {
		case wake <- struct{}{}:
		default: // it has been told and has not looked yet
		}
	}
}

// follow watches the custom kinds that are served, and no longer those that are gone.
func (s *store) follow(ctx context.Context) {
	s.following.Lock()
	defer s.following.Unlock()
	for kind := range s.told {
		if builtIn(kind) {
			continue
		}
		served := s.defined(kind)
		s.mu.Lock()
		running := s.watches[kind]
		if running != nil && !served {
			running.stop()
			delete(s.watches, kind)
		}
		s.mu.Unlock()
		if running == nil && served {
			s.watch(ctx, kind)
		}
		if (running != nil) != served {
			s.changed(ctx, kind)
		}
	}
}

func (s *store) defined(kind Kind) bool {
	definition := s.get(Definitions, "", kind.Resource+"."+kind.Group)
	return definition != nil && definition.GetDeletionTimestamp() == nil && established(definition) && serves(definition, kind.Version)
}

func established(definition *unstructured.Unstructured) bool {
	for _, c := range slice(definition, "status", "conditions") {
		if c, ok := c.(map[string]any); ok && c["type"] == "Established" {
			return c["status"] == "True"
		}
	}
	return false
}

func serves(definition *unstructured.Unstructured, version string) bool {
	for _, v := range slice(definition, "spec", "versions") {
		if v, ok := v.(map[string]any); ok && v["name"] == version {
			return v["served"] == true
		}
	}
	return false
}

// slice is a list in an object, not copied: a definition's schemas are large.
func slice(object *unstructured.Unstructured, path ...string) []any {
	value, _, _ := unstructured.NestedFieldNoCopy(object.Object, path...)
	list, _ := value.([]any)
	return list
}

func (s *store) informer(kind Kind) cache.SharedIndexInformer {
	s.mu.Lock()
	defer s.mu.Unlock()
	if w := s.watches[kind]; w != nil {
		return w.informer
	}
	return nil
}

// known reports whether everything that there is of these kinds is in the cache; a kind that is not served has nothing.
func (s *store) known(kinds []Kind) bool {
	for _, kind := range append([]Kind{Definitions}, kinds...) {
		if informer := s.informer(kind); informer != nil && !informer.HasSynced() {
			return false
		}
	}
	return true
}

func (s *store) get(kind Kind, namespace, name string) *unstructured.Unstructured {
	informer := s.informer(kind)
	if informer == nil {
		return nil
	}
	key := name
	if namespace != "" {
		key = namespace + "/" + name
	}
	object, ok, _ := informer.GetIndexer().GetByKey(key)
	if !ok {
		return nil
	}
	return object.(*unstructured.Unstructured)
}
