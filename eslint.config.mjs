import tseslint from 'typescript-eslint';

const positions = [
  ...['name', 'property.name'].map((name) => ({
    selector: `CallExpression[callee.name=/^(Number|parseInt|parseFloat)$/] > .arguments[${name}=/([Pp]osition|[Rr]evision|[Cc]heckpoint)$/]`,
    message: 'Positions and revisions are bigint end to end: a Number loses digits beyond 2^53.',
  })),
  {
    selector: 'UnaryExpression[operator="+"] > .argument[property.name=/([Pp]osition|[Rr]evision)$/]',
    message: 'Positions and revisions are bigint end to end.',
  },
];
const clock = ['NewExpression[callee.name="Date"][arguments.length=0]', 'MemberExpression[object.name="Date"][property.name="now"]'].map(
  (selector) => ({ selector, message: 'The wall clock is in runtime/clock; how long something takes is told by performance.now().' }),
);

export default tseslint.config(
  { ignores: ['dist/**', 'node_modules/**', 'apps/web/src/client/generated/**', 'jest.config.js'] },
  {
    files: ['apps/**/*.{ts,tsx}', 'libs/**/*.ts', 'migrations/**/*.ts'],
    extends: [...tseslint.configs.recommended],
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    rules: {
      '@typescript-eslint/no-floating-promises': 'error',
      '@typescript-eslint/no-misused-promises': ['error', { checksVoidReturn: { attributes: false, arguments: false } }],
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_', varsIgnorePattern: '^_', caughtErrorsIgnorePattern: '^_' }],
      'no-restricted-syntax': ['error', ...positions, ...clock],
      'no-restricted-properties': [
        'error',
        { object: 'process', property: 'env', message: 'Settings are in runtime/config.' },
        { object: 'process', property: 'exit', message: 'An app ends by leave() of runtime/leave, which cuts off no output.' },
      ],
      'max-lines': ['error', 400],
    },
  },
  {
    // The clock itself, what stands below it, the event log, which is a package of its own, and specs.
    files: [
      'libs/platform/runtime/clock.ts',
      'libs/platform/security/auth.ts',
      'libs/event-log/contract/*.ts',
      'libs/event-log/groups/persistent-subscriptions.ts',
      'libs/event-log/http/metrics.ts',
      'libs/event-log/log/log.ts',
      'libs/event-log/security/{password-checks,users}.ts',
      'libs/event-log/services/{gossip,monitoring,streams,streams-requests}.ts',
      '**/*spec.ts',
      '**/test/**',
    ],
    rules: { 'no-restricted-syntax': ['error', ...positions] },
  },
  {
    files: [
      'apps/standalone/main.ts',
      'libs/event-log/**',
      'libs/platform/runtime/{config,leave,run-app}.ts',
      'libs/platform/testing/**',
      '**/*spec.ts',
      '**/test/**',
    ],
    rules: { 'no-restricted-properties': 'off' },
  },
  {
    // What runs on Node as it stands: the same care, without types.
    files: ['tools/**/*.mjs', '**/*.cjs', 'eslint.config.mjs'],
    extends: [...tseslint.configs.recommended],
    rules: {
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_', varsIgnorePattern: '^_', caughtErrorsIgnorePattern: '^_' }],
      '@typescript-eslint/no-require-imports': 'off',
      eqeqeq: 'error',
      'no-var': 'error',
      'prefer-const': 'error',
      'no-unreachable': 'error',
      'no-undef': 'off',
      'max-lines': ['error', 400],
    },
  },
  {
    files: ['**/*spec.ts', 'libs/platform/testing/testing.ts'],
    rules: { '@typescript-eslint/no-explicit-any': 'off', '@typescript-eslint/no-non-null-assertion': 'off' },
  },
);
