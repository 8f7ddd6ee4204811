package github

import "net/http"

// repositoryJSON is a repository as the API and webhooks show it.
type repositoryJSON struct {
	ID            int64  `json:"id"`
	Name          string `json:"name"`
	FullName      string `json:"full_name"`
	Private       bool   `json:"private"`
	Archived      bool   `json:"archived"`
	Owner         user   `json:"owner"`
	HTMLURL       string `json:"html_url"`
	URL           string `json:"url"`
	CloneURL      string `json:"clone_url"`
	SSHURL        string `json:"ssh_url"`
	DefaultBranch string `json:"default_branch"`
	// Permissions are those of whoever asks; strangers and webhooks are told none.
	Permissions *permissions `json:"permissions,omitempty"`
}

// permissions are what somebody may do in a repository (https://docs.github.com/en/rest/repos/repos#get-a-repository).
type permissions struct {
	Admin    bool `json:"admin"`
	Maintain bool `json:"maintain"`
	Push     bool `json:"push"`
	Triage   bool `json:"triage"`
	Pull     bool `json:"pull"`
}

type user struct {
	Login string `json:"login"`
	Type  string `json:"type"`
}

func (r *repository) json() repositoryJSON {
	full := r.Owner + "/" + r.Name
	return repositoryJSON{
		ID: r.id, Name: r.Name, FullName: full, Private: r.Private, Archived: r.Archived,
		Owner:   user{Login: r.Owner, Type: "User"},
		HTMLURL: "https://github.com/" + full, URL: "https://" + Host + "/repos/" + full,
		CloneURL: "https://github.com/" + full + ".git", SSHURL: "git@github.com:" + full + ".git",
		DefaultBranch: r.DefaultBranch,
	}
}

func getRepository(r *request) answer {
	shown := r.repo.json()
	if r.access > Strangers {
		all := r.access == Administer
		shown.Permissions = &permissions{Admin: all, Maintain: all, Push: all, Triage: all, Pull: true}
	}
	return found(shown)
}

// getUser is who the token belongs to: the owner of all repositories.
func getUser(r *request) answer {
	if r.access == Strangers {
		return failure(http.StatusUnauthorized, "Requires authentication")
	}
	for _, repo := range r.server.repos {
		return found(user{Login: repo.Owner, Type: "User"})
	}
	return notFound()
}

// getOrganization finds none: every owner is a person.
func getOrganization(*request) answer { return notFound() }

func getRateLimit(*request) answer {
	core := map[string]int{"limit": 5000, "remaining": 4999}
	return found(map[string]any{"resources": map[string]any{"core": core}, "rate": core})
}
