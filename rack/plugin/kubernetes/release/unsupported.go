package release

// Unsupported names the first input that the genuine plugin acts on and this package does not; "" when there is none.
func (r *Release) Unsupported() string {
	repository := r.RepositoryOpts
	if repository == nil {
		repository = &Repository{}
	}
	for _, input := range []struct {
		name  string
		given bool
	}{
		{"dependencyUpdate", r.DependencyUpdate},
		{"keyring", r.Keyring != ""},
		{"lint", r.Lint},
		{"postrender", r.Postrender != ""},
		{"verify", r.Verify},
		{"repositoryOpts.caFile", repository.CAFile != ""},
		{"repositoryOpts.certFile", repository.CertFile != ""},
		{"repositoryOpts.keyFile", repository.KeyFile != ""},
		{"repositoryOpts.password", repository.Password != ""},
		{"repositoryOpts.username", repository.Username != ""},
	} {
		if input.given {
			return input.name
		}
	}
	return ""
}
