package github

import (
	"regexp"
	"slices"
	"strings"
)

// Status is what somebody says of a commit
// (https://docs.github.com/en/rest/commits/statuses).
type Status struct {
	ID          int64  `json:"id"`
	SHA         string `json:"-"`
	State       string `json:"state"`
	Context     string `json:"context"`
	Description string `json:"description"`
	TargetURL   string `json:"target_url,omitempty"`
	CreatedAt   string `json:"created_at"`
}

// Statuses are those of a commit of a repository, the newest first.
func (s *Server) Statuses(repo, sha string) []Status {
	s.mu.Lock()
	defer s.mu.Unlock()
	var out []Status
	if r := s.repos[strings.ToLower(repo)]; r != nil {
		for _, status := range r.statusesOf(sha) {
			out = append(out, *status)
		}
	}
	return out
}

func (r *repository) statusesOf(sha string) []*Status {
	var out []*Status
	for _, status := range slices.Backward(r.statuses) {
		if status.SHA == sha {
			out = append(out, status)
		}
	}
	return out
}

func listStatuses(r *request) answer { return list(r.repo.statusesOf(r.PathValue("sha"))) }

var commit = regexp.MustCompile(`^[0-9a-f]{40}$`)

func createStatus(r *request) answer {
	if no, ok := r.need(WriteStatuses); !ok {
		return no
	}
	var sent Status
	if no, ok := r.body(&sent); !ok {
		return no
	}
	sha := r.PathValue("sha")
	switch {
	case !commit.MatchString(sha):
		return refused("Status", "sha", "No commit found for SHA: "+sha)
	case !slices.Contains([]string{"error", "failure", "pending", "success"}, sent.State):
		return refused("Status", "state", "state is not included in the list")
	case len(sent.Description) > 140:
		return refused("Status", "description", "description is too long (maximum is 140 characters)")
	}
	if sent.Context == "" {
		sent.Context = "default"
	}
	sent.ID, sent.SHA, sent.CreatedAt = r.server.nextID(), sha, now()
	r.repo.statuses = append(r.repo.statuses, &sent)
	return created(&sent)
}
