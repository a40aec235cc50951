import tseslint from 'typescript-eslint';

export default tseslint.config(
  { ignores: ['dist/**', 'node_modules/**', 'apps/web/**', 'jest.config.js'] },
  {
    files: ['apps/**/*.ts', 'libs/**/*.ts', 'migrations/**/*.ts'],
    extends: [...tseslint.configs.recommended],
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    rules: {
      '@typescript-eslint/no-floating-promises': 'error',
      '@typescript-eslint/no-misused-promises': ['error', { checksVoidReturn: { attributes: false, arguments: false } }],
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_', varsIgnorePattern: '^_', caughtErrorsIgnorePattern: '^_' }],
      'no-restricted-syntax': [
        'error',
        {
          selector:
            'CallExpression[callee.name=/^(Number|parseInt|parseFloat)$/] > .arguments[name=/([Pp]osition|[Rr]evision|[Cc]heckpoint)$/]',
          message: 'Positions and revisions are bigint end to end: a Number loses digits beyond 2^53.',
        },
        {
          selector:
            'CallExpression[callee.name=/^(Number|parseInt|parseFloat)$/] > .arguments[property.name=/([Pp]osition|[Rr]evision|[Cc]heckpoint)$/]',
          message: 'Positions and revisions are bigint end to end: a Number loses digits beyond 2^53.',
        },
        {
          selector: 'UnaryExpression[operator="+"] > .argument[property.name=/([Pp]osition|[Rr]evision)$/]',
          message: 'Positions and revisions are bigint end to end.',
        },
      ],
      'max-lines': ['error', { max: 420, skipBlankLines: true, skipComments: true }],
    },
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
    },
  },
  {
    files: ['**/*spec.ts', 'libs/platform/testing/testing.ts'],
    rules: { '@typescript-eslint/no-explicit-any': 'off', 'max-lines': 'off', '@typescript-eslint/no-non-null-assertion': 'off' },
  },
);
