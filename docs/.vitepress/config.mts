// The documentation site: the pages of docs/ as they are, with a menu, a search and nothing of its own.
// A link to a page that is not there ends the build; anchors are checked by `go test ./internal/doclinks`.
import { readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { defineConfig } from 'vitepress'

const docs = fileURLToPath(new URL('..', import.meta.url))

// Where the repository's other files can be read. CI says which repository it is.
const repository = process.env.REPOSITORY_URL ?? 'https://github.com/home-ops/home-ops/blob/main'

/** The first heading of a page. */
const title = (page: string) => /^# (.+)$/m.exec(readFileSync(path.join(docs, page), 'utf8'))?.[1].replaceAll('`', '') ?? page

const item = (page: string) => ({ text: title(page), link: '/' + page.replace(/README\.md$/, '').replace(/\.md$/, '') })

/** Every page of a folder but its README, in order of names. */
const folder = (dir: string) =>
  readdirSync(path.join(docs, dir))
    .filter((name) => name.endsWith('.md') && name !== 'README.md')
    .sort()
    .map((name) => item(path.posix.join(dir, name)))

export default defineConfig({
  title: 'home-ops',
  description: 'A production-grade Kubernetes cluster at home, rehearsed before it is built',
  outDir: '../out/site',
  cacheDir: '../out/site-cache',
  base: process.env.SITE_BASE ?? '/',
  head: [['link', { rel: 'icon', type: 'image/svg+xml', href: `${process.env.SITE_BASE ?? '/'}favicon.svg` }]],
  cleanUrls: true,
  lastUpdated: false,
  rewrites: (page) => page.replace(/README\.md$/, 'index.md'),
  themeConfig: {
    search: { provider: 'local' },
    outline: [2, 3],
    socialLinks: [{ icon: 'github', link: repository.replace(/\/blob\/.*$/, '') }],
    sidebar: [
      { text: 'Begin', items: ['first-hour.md', 'prerequisites.md', 'first-stack.md', 'stack-file.md', 'judgements.md', 'rehearsals.md'].map(item) },
      { text: 'Live with it', items: ['where-to-change.md', 'gitops.md', 'developer.md', 'pull-requests.md', 'diff.md', 'versions.md', 'state.md'].map(item) },
      { text: 'Parts', items: ['edge.md', 'bgp-unifi.md', 'secrets.md', 'storage.md'].map(item) },
      { text: 'When something is wrong', items: [item('troubleshooting.md'), ...folder('runbooks')] },
      { text: 'Alerts', collapsed: true, items: folder('runbooks/alerts') },
      { text: 'Decisions', collapsed: true, items: folder('adr') },
    ],
  },
  markdown: {
    // As GitHub does it, so that a link works at both places.
    anchor: { slugify: (s) => s.trim().toLowerCase().replace(/[^\p{L}\p{N}\p{M}_\- ]/gu, '').replace(/ /g, '-') },
    config(md) {
      md.core.ruler.push('leave-docs', (state) => {
        const page: string = state.env.relativePath ?? ''
        const real: string = state.env.realPath ? path.relative(docs, state.env.realPath) : page.replace(/index\.md$/, 'README.md')
        for (const block of state.tokens) {
          for (const token of block.children ?? []) {
            const href = token.type === 'link_open' ? token.attrGet('href') : null
            if (!href?.startsWith('../')) continue
            const target = path.posix.normalize(path.posix.join('docs', path.posix.dirname(real), href))
            if (!target.startsWith('docs/')) token.attrSet('href', `${repository}/${target}`)
          }
        }
      })
    },
  },
})
