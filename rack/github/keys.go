package github

import (
	"regexp"
	"slices"
	"strings"
)

// deployKey lets a machine at one repository
// (https://docs.github.com/en/rest/deploy-keys/deploy-keys).
type deployKey struct {
	ID        int64  `json:"id"`
	Key       string `json:"key"`
	URL       string `json:"url"`
	Title     string `json:"title"`
	Verified  bool   `json:"verified"`
	CreatedAt string `json:"created_at"`
	ReadOnly  bool   `json:"read_only"`
}

// DeployKey is a key that a repository knows.
type DeployKey struct {
	Title, Key string
	ReadOnly   bool
}

// DeployKeys are the keys of a repository, such as home-ops/home-ops.
func (s *Server) DeployKeys(repo string) []DeployKey {
	s.mu.Lock()
	defer s.mu.Unlock()
	var keys []DeployKey
	if r := s.repos[strings.ToLower(repo)]; r != nil {
		for _, key := range r.keys {
			keys = append(keys, DeployKey{key.Title, key.Key, key.ReadOnly})
		}
	}
	return keys
}

var publicKey = regexp.MustCompile(`^((?:ssh|ecdsa|sk)-[^ ]+ [A-Za-z0-9+/]+=*)(?: .*)?$`)

func listKeys(r *request) answer {
	if no, ok := r.need(Administer); !ok {
		return no
	}
	return list(r.repo.keys)
}

func createKey(r *request) answer {
	if no, ok := r.need(Administer); !ok {
		return no
	}
	var sent struct {
		Title    string `json:"title"`
		Key      string `json:"key"`
		ReadOnly bool   `json:"read_only"`
	}
	if no, ok := r.body(&sent); !ok {
		return no
	}
	match := publicKey.FindStringSubmatch(strings.TrimSpace(sent.Key))
	if match == nil {
		return refused("PublicKey", "key", "key is invalid. You must supply a key in OpenSSH public key format")
	}
	// A key opens one repository of all.
	for _, repo := range r.server.repos {
		if slices.ContainsFunc(repo.keys, func(k *deployKey) bool { return k.Key == match[1] }) {
			return refused("PublicKey", "key", "key is already in use")
		}
	}
	key := &deployKey{
		ID: r.server.nextID(), Key: match[1], Title: sent.Title, ReadOnly: sent.ReadOnly, Verified: true, CreatedAt: now(),
	}
	key.URL = r.url("/keys/") + itoa(key.ID)
	r.repo.keys = append(r.repo.keys, key)
	return created(key)
}

func getKey(r *request) answer {
	if no, ok := r.need(Administer); !ok {
		return no
	}
	if i := r.key(); i >= 0 {
		return found(r.repo.keys[i])
	}
	return notFound()
}

func deleteKey(r *request) answer {
	if no, ok := r.need(Administer); !ok {
		return no
	}
	i := r.key()
	if i < 0 {
		return notFound()
	}
	r.repo.keys = slices.Delete(r.repo.keys, i, i+1)
	return gone()
}

func (r *request) key() int {
	return slices.IndexFunc(r.repo.keys, func(k *deployKey) bool { return k.ID == r.id() })
}
