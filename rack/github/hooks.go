package github

import (
	"net/url"
	"slices"
	"strconv"
	"strings"
)

// hook is a repository's webhook (https://docs.github.com/en/rest/repos/webhooks).
type hook struct {
	ID        int64      `json:"id"`
	Type      string     `json:"type"`
	Name      string     `json:"name"`
	Active    bool       `json:"active"`
	Events    []string   `json:"events"`
	Config    hookConfig `json:"config"`
	CreatedAt string     `json:"created_at"`
	UpdatedAt string     `json:"updated_at"`
	URL       string     `json:"url"`
	PingURL   string     `json:"ping_url"`
}

type hookConfig struct {
	URL         string `json:"url"`
	ContentType string `json:"content_type"`
	Secret      string `json:"secret,omitempty"`
	InsecureSSL string `json:"insecure_ssl"`
}

// Hook is a webhook that a repository has.
type Hook struct {
	URL, ContentType, Secret string
	Events                   []string
	Active                   bool
}

// Hooks are the webhooks of a repository, such as home-ops/home-ops, with their secrets.
func (s *Server) Hooks(repo string) []Hook {
	s.mu.Lock()
	defer s.mu.Unlock()
	var hooks []Hook
	if r := s.repos[strings.ToLower(repo)]; r != nil {
		for _, h := range r.hooks {
			hooks = append(hooks, Hook{h.Config.URL, h.Config.ContentType, h.Config.Secret, h.Events, h.Active})
		}
	}
	return hooks
}

// shown is the webhook without its secret, which GitHub never tells again.
func (h *hook) shown() hook {
	out := *h
	if out.Config.Secret != "" {
		out.Config.Secret = "********"
	}
	return out
}

// sentHook is what a call says of a webhook; what it leaves out stays.
type sentHook struct {
	Active *bool    `json:"active"`
	Events []string `json:"events"`
	Config *struct {
		URL         *string `json:"url"`
		ContentType *string `json:"content_type"`
		Secret      *string `json:"secret"`
		// InsecureSSL is a number or a string.
		InsecureSSL any `json:"insecure_ssl"`
	} `json:"config"`
}

// apply changes a webhook. The config is replaced as a whole, its secret included
// (https://docs.github.com/en/rest/repos/webhooks#update-a-repository-webhook).
func (sent sentHook) apply(h *hook) {
	if sent.Active != nil {
		h.Active = *sent.Active
	}
	if sent.Events != nil {
		h.Events = sent.Events
	}
	if c := sent.Config; c != nil {
		h.Config = hookConfig{ContentType: "form", InsecureSSL: "0"}
		for to, from := range map[*string]*string{
			&h.Config.URL: c.URL, &h.Config.ContentType: c.ContentType, &h.Config.Secret: c.Secret,
		} {
			if from != nil {
				*to = *from
			}
		}
		switch c.InsecureSSL {
		case "1", float64(1):
			h.Config.InsecureSSL = "1"
		}
	}
	h.UpdatedAt = now()
}

// check tells what GitHub has against a webhook, beside the others of its repository.
func (h *hook) check(others []*hook) (answer, bool) {
	u, err := url.Parse(h.Config.URL)
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
		return refused("Hook", "url", "url is missing a scheme or is not supported"), false
	}
	if len(h.Events) == 0 {
		h.Events = []string{"push"}
	}
	same := slices.ContainsFunc(others, func(o *hook) bool {
		return o.ID != h.ID && o.Config.URL == h.Config.URL && slices.Equal(o.Events, h.Events)
	})
	if same {
		return refused("Hook", "", "Hook already exists on this repository"), false
	}
	return answer{}, true
}

func listHooks(r *request) answer {
	if no, ok := r.need(Administer); !ok {
		return no
	}
	all := make([]hook, 0, len(r.repo.hooks))
	for _, h := range r.repo.hooks {
		all = append(all, h.shown())
	}
	return list(all)
}

func createHook(r *request) answer {
	if no, ok := r.need(Administer); !ok {
		return no
	}
	var sent sentHook
	if no, ok := r.body(&sent); !ok {
		return no
	}
	h := &hook{Type: "Repository", Name: "web", Active: true, CreatedAt: now()}
	sent.apply(h)
	if no, ok := h.check(r.repo.hooks); !ok {
		return no
	}
	h.ID = r.server.nextID()
	h.URL = r.url("/hooks/") + itoa(h.ID)
	h.PingURL = h.URL + "/pings"
	r.repo.hooks = append(r.repo.hooks, h)
	r.server.ping(r.repo, h)
	return created(h.shown())
}

func updateHook(r *request) answer {
	h, no, ok := r.hook()
	if !ok {
		return no
	}
	var sent sentHook
	if no, ok := r.body(&sent); !ok {
		return no
	}
	changed := *h
	sent.apply(&changed)
	if no, ok := changed.check(r.repo.hooks); !ok {
		return no
	}
	*h = changed
	return found(h.shown())
}

func getHook(r *request) answer {
	h, no, ok := r.hook()
	if !ok {
		return no
	}
	return found(h.shown())
}

func deleteHook(r *request) answer {
	h, no, ok := r.hook()
	if !ok {
		return no
	}
	r.repo.hooks = slices.DeleteFunc(r.repo.hooks, func(o *hook) bool { return o == h })
	return gone()
}

func pingHook(r *request) answer {
	h, no, ok := r.hook()
	if !ok {
		return no
	}
	r.server.ping(r.repo, h)
	return gone()
}

func (r *request) hook() (*hook, answer, bool) {
	if no, ok := r.need(Administer); !ok {
		return nil, no, false
	}
	i := slices.IndexFunc(r.repo.hooks, func(h *hook) bool { return h.ID == r.id() })
	if i < 0 {
		return nil, notFound(), false
	}
	return r.repo.hooks[i], answer{}, true
}

func itoa(id int64) string { return strconv.FormatInt(id, 10) }
